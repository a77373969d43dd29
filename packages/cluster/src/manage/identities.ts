import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { CertificateAuthority, CertificateAndKey } from "@skiff/apiserver";
import { stringify } from "yaml";
import { INGRESS_FRONT_USER } from "../control-plane/ensure-ingress.ts";
import { writeFileAtomically } from "../layout/atomic-file.ts";

/** Who a kubeconfig speaks for, and to which server. */
interface Identity {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly server: string;
}

/** The group whose members may do everything. */
const MASTERS = "system:masters";

/** The group of what runs on nodes beside the kubelets. */
export const NODE_SERVICES_GROUP = "system:node-services";

/** The administrator: what `skiff up` puts into the user's kubeconfig. */
export function administrator(server: string): Identity {
  return { commonName: "kubernetes-admin", organizations: [MASTERS], server };
}

/** A node's kubelet, as the Node authorizer expects it. */
export function kubeletIdentity(node: string, server: string): Identity {
  return { commonName: `system:node:${node}`, organizations: ["system:nodes"], server };
}

/** What runs on every node beside the kubelet: the Service proxy and DNS. Upstream's default policy knows the name. */
export function nodeServicesIdentity(server: string): Identity {
  return { commonName: "system:kube-proxy", organizations: [NODE_SERVICES_GROUP], server };
}

/** The Ingress front of a node. It has an identity of its own because, unlike the others, it reads the Secrets of TLS. */
export function ingressIdentity(server: string): Identity {
  return { commonName: INGRESS_FRONT_USER, organizations: [], server };
}

/** The one process that plays all simulated nodes. */
export function simulatorIdentity(server: string): Identity {
  return { commonName: "skiff:node-simulator", organizations: [MASTERS], server };
}

/** The entry of a kubeconfig for an identity, with a new certificate. */
export function kubeconfigEntry(
  name: string,
  identity: Identity,
  authority: CertificateAuthority,
): {
  readonly name: string;
  readonly cluster: { server: string; "certificate-authority-data": string };
  readonly user: { "client-certificate-data": string; "client-key-data": string };
} {
  const issued: CertificateAndKey = authority.issueClientCertificate(identity.commonName, identity.organizations);
  return {
    name,
    cluster: { server: identity.server, "certificate-authority-data": base64(authority.save().certificatePem) },
    user: { "client-certificate-data": base64(issued.certificatePem), "client-key-data": base64(issued.privateKeyPem) },
  };
}

/** Writes a kubeconfig with one context, readable by its owner only. */
export function writeKubeconfig(path: string, name: string, identity: Identity, authority: CertificateAuthority): void {
  const { cluster, user } = kubeconfigEntry(name, identity, authority);
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

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
