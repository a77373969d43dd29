import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { needsRenewal, SIGNERS, type CertificateAndKey } from "@skiff/apiserver";
import type { Host } from "@skiff/base";
import { Client, HttpsTransport } from "@skiff/client";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { nodePaths, type ClusterPaths, type NodePaths } from "../layout/cluster-paths.ts";
import { writeFileAtomically } from "../layout/atomic-file.ts";
import { clientFromKubeconfig } from "../manage/api-connection.ts";
import { kubeletSubject, NODE_SERVICE_IDENTITIES, writeKubeconfigFile, type CertificateSubject } from "../manage/identities.ts";
import { requestCertificate, type CertificateWish } from "./request-certificate.ts";

/** A node that asks for its certificates. */
export interface AskingNode {
  readonly host: Host;
  readonly nodeName: string;
  /** The URL of the API. */
  readonly server: string;
  readonly authorityPem: string;
  /** Of the node. */
  readonly address: string;
  readonly paths: NodePaths;
}

const ANSWER_WAIT_MS = 60_000;

/** Gets the certificate of the node's kubelet from `client`, which acts with a token or as the node itself. */
export function requestKubeletCertificate(node: AskingNode, client: Client): Promise<CertificateAndKey> {
  const wish = { subject: kubeletSubject(node.nodeName), signer: SIGNERS.kubeletClient, usage: "client auth" } as const;
  return requestCertificate(client, node.host.clock, wish, ANSWER_WAIT_MS);
}

/** What a node shows, and to whom. */
interface NodeCertificates {
  /** The kubelet, as a client of the API server. */
  readonly kubelet: CertificateAndKey;
  /** The kubelet's own port. */
  readonly serving: CertificateAndKey;
  /** The Service proxy and DNS. */
  readonly services: CertificateAndKey;
  readonly ingress: CertificateAndKey;
}

/** Gets the other certificates of a node, asking as the node itself, by the one that its kubelet has. */
export async function requestNodeCertificates(node: AskingNode, kubelet: CertificateAndKey): Promise<NodeCertificates> {
  const { host, nodeName, server, authorityPem, address } = node;
  const transport = new HttpsTransport({
    server,
    certificateAuthority: authorityPem,
    clientCertificate: kubelet.certificatePem,
    clientKey: kubelet.privateKeyPem,
    clock: host.clock,
  });
  const client = new Client(transport);
  const request = (wish: CertificateWish): Promise<CertificateAndKey> => requestCertificate(client, host.clock, wish, ANSWER_WAIT_MS);
  const service = (subject: CertificateSubject): Promise<CertificateAndKey> =>
    request({ subject, signer: SIGNERS.client, usage: "client auth" });
  try {
    const [serving, services, ingress] = await Promise.all([
      request({
        subject: kubeletSubject(nodeName),
        signer: SIGNERS.kubeletServing,
        usage: "server auth",
        names: { dnsNames: [nodeName], ipAddresses: [address] },
      }),
      service(NODE_SERVICE_IDENTITIES.services),
      service(NODE_SERVICE_IDENTITIES.ingress),
    ]);
    return { kubelet, serving, services, ingress };
  } finally {
    transport.close();
  }
}

/** Writes the certificates of a node to where its process looks for them. */
export function writeNodeCertificates({ nodeName, server, authorityPem, paths }: AskingNode, certificates: NodeCertificates): void {
  const { kubelet, serving, services, ingress } = certificates;
  const common = { name: nodeName, server, authorityPem };
  writeKubeconfigFile(paths.kubeconfig, { ...common, ...kubelet });
  writeKubeconfigFile(paths.servicesKubeconfig, { ...common, ...services });
  writeKubeconfigFile(paths.ingressKubeconfig, { ...common, ...ingress });
  // Last: by this one it is seen whether all of them are due.
  writeFileAtomically(paths.servingKey, serving.privateKeyPem, 0o600);
  writeFileAtomically(paths.servingCertificate, serving.certificatePem, 0o644);
}

/**
 * Replaces the certificates of a node that has joined when they are due; the node's process takes them up when it starts.
 * Answers whether it did. Errors: as {@link requestKubeletCertificate}.
 */
export async function renewNodeCertificates(host: Host, config: ClusterConfig, paths: ClusterPaths, address: string): Promise<boolean> {
  const [nodeName = ""] = config.nodes;
  const own = nodePaths(paths, nodeName);
  // All are made at the same moment, so that the one that is a file of its own speaks for the rest.
  const isDue = !existsSync(own.servingCertificate) || needsRenewal(readFileSync(own.servingCertificate, "utf8"), host.clock.now());
  if (!isDue || config.joined === undefined) return false;
  const authorityPem = readFileSync(join(paths.pki, "ca.crt"), "utf8");
  const node: AskingNode = { host, nodeName, server: config.joined, authorityPem, address, paths: own };
  const kubelet = await requestKubeletCertificate(node, await clientFromKubeconfig(own.kubeconfig, host));
  writeNodeCertificates(node, await requestNodeCertificates(node, kubelet));
  return true;
}
