import { nodeKind, type Node } from "@skiff/api";
import type { Host } from "@skiff/base";
import { contextName, type ClusterConfig, type RuntimeChoice } from "../layout/cluster-config.ts";
import { nodePaths, type ClusterPaths } from "../layout/cluster-paths.ts";
import type { ClusterPart, KeptProcesses } from "../process/kept-processes.ts";
import { clientFromKubeconfig } from "./api-connection.ts";
import type { NodeNetworks } from "./node-networks.ts";
import { isNodeReady, notReadyReason } from "./node-status.ts";

/** One process that belongs to a cluster. */
interface ClusterProcess {
  /** A `keeper` starts the server or a node again when it dies. */
  readonly role: "server" | "node" | "containerd" | "keeper";
  readonly pid: number;
  readonly node?: string;
}

/** What `skiff status -o json` prints. */
export interface ClusterStatus {
  readonly name: string;
  readonly running: boolean;
  readonly api: string;
  /** In the kubeconfig; absent on a machine that has joined. */
  readonly context?: string;
  readonly runtime: RuntimeChoice;
  /** `remote` on a machine that has joined. */
  readonly store: string;
  readonly dataDirectory: string;
  /** The range of the addresses that Services of type LoadBalancer get. */
  readonly loadBalancerPool: string;
  readonly version: { readonly skiff: string; readonly kubernetes: string | undefined };
  readonly nodes: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly address: string | undefined;
    readonly reason?: string;
  }[];
  readonly processes: readonly ClusterProcess[];
}

/** What a {@link ClusterStatus} is made from. */
interface ObservedCluster {
  readonly config: ClusterConfig;
  readonly paths: ClusterPaths;
  readonly host: Host;
  readonly networks: NodeNetworks;
  readonly kept: KeptProcesses;
  /** Of Skiff. */
  readonly version: string;
}

/** Where clients on this machine reach the API. */
export function apiAddress(config: ClusterConfig): string {
  return config.joined ?? `https://127.0.0.1:${config.apiPort}`;
}

/** The node processes of a cluster: one for each node, or one that plays all simulated nodes. */
export function nodeParts(config: ClusterConfig): (ClusterPart & { readonly role: "node" })[] {
  const names = config.runtime === "simulated" ? ["simulated"] : config.nodes;
  return names.map((node) => ({ role: "node", node }));
}

/** What runs of the cluster, and how it is. */
export async function clusterStatus(cluster: ObservedCluster): Promise<ClusterStatus> {
  const { config, paths, version } = cluster;
  const processes = clusterProcesses(cluster);
  const isServed = processes.some(({ role }) => role === (config.joined === undefined ? "server" : "node"));
  const nodes = isServed ? await listNodes(cluster) : [];
  return {
    name: config.name,
    running: isServed,
    api: apiAddress(config),
    ...(config.joined === undefined ? { context: contextName(config.name) } : {}),
    runtime: config.runtime,
    store: config.joined === undefined ? config.store.type : "remote",
    dataDirectory: paths.data,
    loadBalancerPool: config.network.loadBalancerCidr,
    version: { skiff: version, kubernetes: nodes[0]?.status?.nodeInfo?.kubeletVersion },
    nodes: [...config.nodes, ...joinedNames(config, nodes)].map((name) => {
      const found = nodes.find((candidate) => candidate.metadata?.name === name);
      const ready = found !== undefined && isNodeReady(found);
      const address = found?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
      return { name, ready, address, ...(ready ? {} : { reason: notReadyReason(found) }) };
    }),
    processes,
  };
}

/** The nodes that have joined from other machines. */
function joinedNames({ nodes: own }: ClusterConfig, nodes: readonly Node[]): string[] {
  return nodes.flatMap(({ metadata }) => (metadata?.name === undefined || own.includes(metadata.name) ? [] : [metadata.name])).sort();
}

/** The processes that people ask for first; those that keep them come last. */
function clusterProcesses({ config, paths, kept, networks }: ObservedCluster): ClusterProcess[] {
  const programs: ClusterProcess[] = [];
  const keepers: ClusterProcess[] = [];
  for (const part of [{ role: "server" } as const, ...nodeParts(config)]) {
    const { keeper, program } = kept.find(part);
    const node = part.role === "node" ? { node: part.node } : {};
    if (program !== undefined) programs.push({ role: part.role, pid: program.pid, ...node });
    const containerd = part.role === "node" ? networks.runtimePid(paths, part.node) : undefined;
    if (containerd !== undefined) programs.push({ role: "containerd", pid: containerd, ...node });
    if (keeper !== undefined) keepers.push({ role: "keeper", pid: keeper.pid, ...node });
  }
  return [...programs, ...keepers];
}

async function listNodes({ config, paths, host }: ObservedCluster): Promise<readonly Node[]> {
  try {
    const [first = ""] = config.nodes;
    const kubeconfig = config.joined === undefined ? paths.adminKubeconfig : nodePaths(paths, first).kubeconfig;
    const nodes = (await clientFromKubeconfig(kubeconfig, host)).resource(nodeKind);
    return config.joined === undefined ? (await nodes.list()).items : [await nodes.get({ name: first })];
  } catch {
    // The server is there but does not answer: then nothing is known of the nodes.
    return [];
  }
}
