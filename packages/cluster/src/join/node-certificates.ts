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
import { requestCertificate } from "./request-certificate.ts";

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

/**
 * Gets the other certificates of a node, asking as the node itself, and writes all of them: the kubelet's last, so that it is
 * there only when everything is.
 */
export async function writeNodeCertificates(node: AskingNode, kubelet: CertificateAndKey): Promise<void> {
  const { host, nodeName, server, authorityPem, address, paths } = node;
  const transport = new HttpsTransport({
    server,
    certificateAuthority: authorityPem,
    clientCertificate: kubelet.certificatePem,
    clientKey: kubelet.privateKeyPem,
    clock: host.clock,
  });
  const client = new Client(transport);
  const service = (subject: CertificateSubject): Promise<CertificateAndKey> =>
    requestCertificate(client, host.clock, { subject, signer: SIGNERS.client, usage: "client auth" }, ANSWER_WAIT_MS);
  const serving = requestCertificate(
    client,
    host.clock,
    {
      subject: kubeletSubject(nodeName),
      signer: SIGNERS.kubeletServing,
      usage: "server auth",
      names: { dnsNames: [nodeName], ipAddresses: [address] },
    },
    ANSWER_WAIT_MS,
  );
  try {
    const [services, ingress, shown] = await Promise.all([
      service(NODE_SERVICE_IDENTITIES.services),
      service(NODE_SERVICE_IDENTITIES.ingress),
      serving,
    ]);
    const common = { name: nodeName, server, authorityPem };
    writeKubeconfigFile(paths.servicesKubeconfig, { ...common, ...services });
    writeKubeconfigFile(paths.ingressKubeconfig, { ...common, ...ingress });
    writeFileAtomically(paths.servingKey, shown.privateKeyPem, 0o600);
    writeFileAtomically(paths.servingCertificate, shown.certificatePem, 0o644);
    writeKubeconfigFile(paths.kubeconfig, { ...common, ...kubelet });
  } finally {
    transport.close();
  }
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
  await writeNodeCertificates(node, await requestKubeletCertificate(node, await clientFromKubeconfig(own.kubeconfig, host)));
  return true;
}
