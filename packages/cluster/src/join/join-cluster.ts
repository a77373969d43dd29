import { join } from "node:path";
import { hostname } from "node:os";
import { configMapKind, isStatus, type ConfigMap, type TokenParts } from "@skiff/api";
import { timestamp, type Host } from "@skiff/base";
import { Client, HttpsTransport } from "@skiff/client";
import { CLUSTER_INFO } from "@skiff/controllers";
import { writeFileAtomically } from "../layout/atomic-file.ts";
import { LAYOUT_VERSION, type ClusterConfig } from "../layout/cluster-config.ts";
import { nodePaths, type ClusterPaths } from "../layout/cluster-paths.ts";
import { writeNewCluster } from "../layout/new-cluster.ts";
import type { StateHome } from "../layout/state-home.ts";
import { UserError } from "../user-error.ts";
import { discoverAuthority, NEW_TOKEN } from "./discovery.ts";
import { checkMachine, checkNodeIsFree, checkNodeName, checkRanges } from "./join-checks.ts";
import { requestKubeletCertificate, requestNodeCertificates, writeNodeCertificates, type AskingNode } from "./node-certificates.ts";
import { ensureJoinable, readNodeConfig, type NodeConfig } from "./node-config.ts";
import { connectOnce } from "./node-connect.ts";

/** What the machine is to join, and as what. */
export interface JoinWish {
  /** The name of the joined cluster on this machine. */
  readonly name: string;
  /** Of the API server. */
  readonly endpoint: { readonly host: string; readonly port: number };
  readonly token: TokenParts;
  readonly authorityHashes: readonly string[];
  /** Absent: the machine's host name. */
  readonly nodeName: string | undefined;
  /** The machine's address (IPv4) towards the others. Absent: the one from which it reaches the API server. */
  readonly address: string | undefined;
  /** Whether missing packages may be installed. */
  readonly install: boolean;
}

/** Is told what happens, under the name of the step, as kubeadm's lines have it in brackets. */
export type JoinReport = (step: "preflight" | "discovery" | "bootstrap" | "csr" | "kubeconfig" | "node", text: string) => void;

/** Where the machine keeps its clusters. */
export interface JoiningMachine {
  readonly host: Host;
  readonly home: StateHome;
}

const CERTIFICATES_API = "certificates.k8s.io/v1";

/**
 * Makes this machine known to a cluster as a node of it: checks the cluster, gets certificates, and writes what the node's
 * process needs. Nothing is started.
 *
 * Errors: a {@link UserError}; nothing is left of what was written.
 */
export async function joinCluster(
  wish: JoinWish,
  paths: ClusterPaths,
  machine: JoiningMachine,
  report: JoinReport,
): Promise<ClusterConfig> {
  const { host, home } = machine;
  report("preflight", "Running pre-flight checks");
  const nodeName = checkNodeName(wish.nodeName ?? hostname().toLowerCase());
  await checkMachine(wish, paths, report);
  const { authorityPem, server, localAddress } = await discover(wish, host, report);
  const transport = new HttpsTransport({
    server,
    certificateAuthority: authorityPem,
    token: `${wish.token.id}.${wish.token.secret}`,
    clock: host.clock,
  });
  try {
    const client = new Client(transport);
    const nodeConfig = await checkCluster(client, wish, machine, report);
    await checkNodeIsFree(client, nodeName);
    const address = wish.address ?? localAddress;
    const node: AskingNode = { host, nodeName, server, authorityPem, address, paths: nodePaths(paths, nodeName) };
    report("csr", "Created API client to obtain unique certificate for this node, generating keys and certificate signing request");
    const kubelet = await requestKubeletCertificate(node, client);
    report("csr", "Received signed certificate from the API server, asking as the node for its other certificates");
    const certificates = await requestNodeCertificates(node, kubelet);
    const config: ClusterConfig = {
      layoutVersion: LAYOUT_VERSION,
      name: wish.name,
      createdAt: timestamp(host.clock),
      nodes: [nodeName],
      runtime: "containerd",
      store: { type: "memory" },
      network: nodeConfig.network,
      apiPort: wish.endpoint.port,
      address,
      joined: server,
    };
    await writeNewCluster(config, paths, home, () => {
      writeFileAtomically(join(paths.pki, "ca.crt"), authorityPem, 0o644);
      writeNodeCertificates(node, certificates);
    });
    report("kubeconfig", `Wrote KubeConfig file to disk: "${node.paths.kubeconfig}"`);
    return config;
  } catch (cause) {
    if (!isStatus(cause, "Unauthorized")) throw cause;
    throw new UserError(`The API server does not accept the token ${wish.token.id}: it only signs, or has just expired.`, NEW_TOKEN, {
      cause,
    });
  } finally {
    transport.close();
  }
}

async function discover(
  { endpoint, token, authorityHashes }: JoinWish,
  host: Host,
  report: JoinReport,
): Promise<{ readonly authorityPem: string; readonly server: string; readonly localAddress: string }> {
  const where = `${endpoint.host}:${endpoint.port}`;
  const server = `https://${where}`;
  report("discovery", `Trying to connect to API Server "${where}"`);
  const localAddress = await connectOnce(endpoint, host.clock);
  report("discovery", `Created cluster-info discovery client, requesting info from "${server}"`);
  const read = (pinned?: string): Promise<ConfigMap> =>
    readClusterInfo(
      new HttpsTransport({
        server,
        clock: host.clock,
        ...(pinned === undefined ? { insecureSkipTlsVerify: true } : { certificateAuthority: pinned }),
      }),
    );
  const authorityPem = await discoverAuthority({ clock: host.clock, server, token, authorityHashes, read });
  report(
    "discovery",
    authorityHashes.length > 0
      ? `Cluster info signature and contents are valid and TLS certificate validates against pinned roots, will use API Server "${where}"`
      : `Cluster info signature and contents are valid, will use API Server "${where}"; its authority is not pinned, see --discovery-token-ca-cert-hash`,
  );
  report("discovery", `Successfully established connection with API Server "${where}"`);
  return { authorityPem, server, localAddress };
}

async function readClusterInfo(transport: HttpsTransport): Promise<ConfigMap> {
  try {
    return await new Client(transport).resource(configMapKind).get({ ...CLUSTER_INFO });
  } finally {
    transport.close();
  }
}

async function checkCluster(client: Client, { name }: JoinWish, machine: JoiningMachine, report: JoinReport): Promise<NodeConfig> {
  const { gitVersion = "unknown" } = (await client.raw({ method: "GET", path: "/version" })) as { readonly gitVersion?: string };
  report("bootstrap", `Detected server version: ${gitVersion}`);
  await client.raw({ method: "GET", path: `/apis/${CERTIFICATES_API}` });
  report("bootstrap", `The server supports the Certificates API (${CERTIFICATES_API})`);
  let nodeConfig: NodeConfig;
  try {
    nodeConfig = await readNodeConfig(client);
  } catch (cause) {
    if (!isStatus(cause, "NotFound", "Forbidden")) throw cause;
    throw new UserError(
      "The cluster does not say how its nodes are set up: it is not one of Skiff, or the token is not one for nodes.",
      NEW_TOKEN,
      { cause },
    );
  }
  ensureJoinable(nodeConfig);
  checkRanges(nodeConfig, name, machine);
  return nodeConfig;
}
