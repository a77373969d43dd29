import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { CertificateAuthority, CertificateAndKey } from "@skiff/apiserver";
import { stringify } from "yaml";
import { INGRESS_FRONT_USER } from "../control-plane/ensure-ingress.ts";
import { writeFileAtomically } from "../layout/atomic-file.ts";

/** Who somebody is, as certificates say it. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** Who a kubeconfig speaks for, and to which server. */
interface Identity extends CertificateSubject {
  readonly server: string;
}

/** The group whose members may do everything. */
const MASTERS = "system:masters";

/** The group of what runs on nodes beside the kubelets. */
export const NODE_SERVICES_GROUP = "system:node-services";

/** As whom what runs on every node beside the kubelet acts. */
export const NODE_SERVICE_IDENTITIES = {
  /** The Service proxy's and DNS's. Upstream's default policy knows the name. */
  services: { commonName: "system:kube-proxy", organizations: [NODE_SERVICES_GROUP] },
  /** The Ingress front's. It has an identity of its own because, unlike the others, it reads the Secrets of TLS. */
  ingress: { commonName: INGRESS_FRONT_USER, organizations: [] },
} as const satisfies Readonly<Record<string, CertificateSubject>>;

/** The administrator: what `skiff up` puts into the user's kubeconfig. */
export function administrator(server: string): Identity {
  return { commonName: "kubernetes-admin", organizations: [MASTERS], server };
}

/** A node's kubelet, as the Node authorizer expects it. */
export function kubeletSubject(node: string): CertificateSubject {
  return { commonName: `system:node:${node}`, organizations: ["system:nodes"] };
}

/** The one process that plays all simulated nodes. */
export function simulatorIdentity(server: string): Identity {
  return { commonName: "skiff:node-simulator", organizations: [MASTERS], server };
}

/** One cluster and one user, under the same name. */
interface KubeconfigEntry {
  readonly name: string;
  readonly cluster: { server: string; "certificate-authority-data": string };
  readonly user: { "client-certificate-data": string; "client-key-data": string };
}

/** The entry of a kubeconfig for an identity, with a new certificate. */
export function kubeconfigEntry(name: string, identity: Identity, authority: CertificateAuthority): KubeconfigEntry {
  const issued = authority.issueClientCertificate(identity.commonName, identity.organizations);
  return entryOf({ name, server: identity.server, authorityPem: authority.save().certificatePem, ...issued });
}

/** Writes a kubeconfig with one context and a new certificate, readable by its owner only. */
export function writeKubeconfig(path: string, name: string, identity: Identity, authority: CertificateAuthority): void {
  const issued = authority.issueClientCertificate(identity.commonName, identity.organizations);
  writeKubeconfigFile(path, { name, server: identity.server, authorityPem: authority.save().certificatePem, ...issued });
}

/** What a kubeconfig with one context says. */
interface KubeconfigContent extends CertificateAndKey {
  readonly name: string;
  readonly server: string;
  readonly authorityPem: string;
}

/** Writes a kubeconfig with one context, readable by its owner only. */
export function writeKubeconfigFile(path: string, content: KubeconfigContent): void {
  const { name } = content;
  const { cluster, user } = entryOf(content);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileAtomically(path, stringify(config), 0o600);
}

function entryOf(content: KubeconfigContent): KubeconfigEntry {
  return {
    name: content.name,
    cluster: { server: content.server, "certificate-authority-data": base64(content.authorityPem) },
    user: { "client-certificate-data": base64(content.certificatePem), "client-key-data": base64(content.privateKeyPem) },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
