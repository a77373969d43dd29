import { existsSync, readdirSync } from "node:fs";
import type { Host } from "@skiff/base";
import { createClusterPki } from "@skiff/apiserver";
import { timestamp } from "@skiff/base";
import {
  CLUSTER_NAME,
  LAYOUT_VERSION,
  nodeName,
  type ClusterConfig,
  type RuntimeChoice,
  type StoreChoice,
} from "../layout/cluster-config.ts";
import { readClusterConfig, writeClusterConfig } from "../layout/cluster-file.ts";
import type { ClusterPaths } from "../layout/cluster-paths.ts";
import { writeNewCluster } from "../layout/new-cluster.ts";
import { networkPlan, NETWORK_SLOTS, SHARED_CLUSTER_CIDR, type NetworkPlan } from "../layout/network-plan.ts";
import { readPki, writePki } from "../layout/pki-files.ts";
import { freeServerUser } from "../layout/server-users.ts";
import type { StateHome } from "../layout/state-home.ts";
import { ensureSpace } from "../preflight.ts";
import { UserError } from "../user-error.ts";
import { freePort, isPortFree } from "./free-port.ts";
import { advertisedAddress, apiServerIps } from "./api-addresses.ts";
import { cidrsOverlap, ensureOwnAddress, machineNetworks } from "./machine-addresses.ts";

/** What a new cluster is to be. */
export interface ClusterWish {
  readonly name: string;
  /** Absent: one node, or as many as the cluster has. */
  readonly nodeCount: number | undefined;
  readonly runtime: RuntimeChoice | undefined;
  readonly store: StoreChoice | undefined;
  readonly apiPort: number | undefined;
  /** The range (IPv4 CIDR) of load-balancer addresses. Absent: one that nothing on this machine uses. */
  readonly loadBalancerPool: string | undefined;
  /** Whether API versions that upstream has removed are served as well. Default: as the cluster does, a new one true. */
  readonly removedVersions?: boolean | undefined;
  /** False: the API server is to keep no audit log. */
  readonly auditLog?: boolean;
  /** The address (IPv4) of the machine towards other machines, see {@link ClusterConfig.address}. */
  readonly advertiseAddress?: string | undefined;
  /** False: the cluster is to have no dashboard of its own. */
  readonly dashboard?: boolean;
}

/** The machine that the cluster is to run on. */
interface Machine {
  readonly home: StateHome;
  readonly host: Host;
  readonly defaultRuntime: () => RuntimeChoice;
  /** Fails with a {@link UserError} when the runtime cannot be used here; called before anything is made. */
  readonly checkRuntime: (runtime: RuntimeChoice) => Promise<void>;
  readonly isRunning: (config: ClusterConfig) => boolean;
}

const FIRST_API_PORT = 6443;
/** More than this on containerd needs more machines. */
const MOST_REAL_NODES = 20;
const MOST_SIMULATED_NODES = 10_000;

/**
 * The cluster in `paths` as it was made, or a new one.
 *
 * Errors: a {@link UserError} when the wish does not fit the cluster that is there, or cannot be met on this machine.
 */
export async function openOrCreateCluster(wish: ClusterWish, paths: ClusterPaths, machine: Machine): Promise<ClusterConfig> {
  const { home, host } = machine;
  const existing = readClusterConfig(paths);
  if (existing !== undefined) {
    refuseChanges(wish, existing);
    await machine.checkRuntime(existing.runtime);
    home.register(wish.name, paths);
    const config = broughtUpToDate(wish, existing, machine);
    if (config !== existing) writeClusterConfig(paths, config);
    return config;
  }
  if (!CLUSTER_NAME.test(wish.name))
    throw new UserError(`"${wish.name}" cannot be the name of a cluster.`, "Use lower-case letters, digits and dashes.");
  if (existsSync(paths.data) && readdirSync(paths.data).length > 0) {
    throw new UserError(`${paths.data} is not empty and holds no Skiff cluster.`, "Choose an empty directory with --data-dir.");
  }
  const runtime = wish.runtime ?? machine.defaultRuntime();
  const nodeCount = wish.nodeCount ?? 1;
  const most = runtime === "containerd" ? MOST_REAL_NODES : MOST_SIMULATED_NODES;
  if (nodeCount > most)
    throw new UserError(
      `${nodeCount} nodes are too many: ${runtime === "containerd" ? "one machine carries" : "Skiff simulates"} at most ${most}.`,
      runtime === "containerd" ? "Use fewer nodes, or --runtime simulated." : "Use fewer nodes.",
    );
  await machine.checkRuntime(runtime);
  ensureSpace(paths.data);
  const others = otherClusters(home, wish.name);
  if (wish.advertiseAddress !== undefined) ensureOwnAddress(wish.advertiseAddress);
  const served = others.filter(({ joined }) => joined === undefined);
  const apiPort = await chooseApiPort(wish.apiPort, served);
  const config: ClusterConfig = {
    layoutVersion: LAYOUT_VERSION,
    name: wish.name,
    createdAt: timestamp(host.clock),
    nodes: Array.from({ length: nodeCount }, (_, index) => nodeName(wish.name, index + 1)),
    runtime,
    store: wish.store ?? { type: "lmdb" },
    network: chooseNetwork(nodeCount, others, wish.loadBalancerPool),
    apiPort,
    ...(wish.advertiseAddress === undefined ? {} : { address: wish.advertiseAddress }),
    ...(wish.auditLog === false ? { auditLog: false } : {}),
    ...(wish.dashboard === false ? { dashboard: false } : {}),
    ...(isRoot() ? { serverUser: chooseServerUser(others) } : {}),
    ...(wish.removedVersions === undefined ? {} : { removedVersions: wish.removedVersions }),
  };
  await writeNewCluster(config, paths, home, () => ensurePki(paths, config, host));
  return config;
}

/** Makes the keys of the cluster that are not there yet, and renews what is due. */
export function ensurePki(paths: ClusterPaths, config: ClusterConfig, host: Host): void {
  const pki = createClusterPki(host, {
    files: readPki(paths.pki),
    clusterDomain: config.network.clusterDomain,
    apiServerIps: apiServerIps(config),
  });
  void pki.apiServer;
  void pki.serviceAccountKey;
  void pki.frontProxyAuthority;
  writePki(paths.pki, pki.save());
}

/** The description with what may change between two starts. */
function broughtUpToDate(wish: ClusterWish, existing: ClusterConfig, { home, isRunning }: Machine): ClusterConfig {
  let config = existing;
  // A cluster from before servers had users of their own.
  if (config.serverUser === undefined && config.joined === undefined && isRoot())
    config = { ...config, serverUser: chooseServerUser(otherClusters(home, wish.name)) };
  const { advertiseAddress: address } = wish;
  if (address === undefined || address === config.address) return config;
  ensureOwnAddress(address);
  if (address !== advertisedAddress(config) && isRunning(existing))
    throw new UserError(
      `Cluster ${existing.name} runs under another address than ${address}.`,
      `Stop it first with: skiff down --name ${existing.name}`,
    );
  return { ...config, address };
}

function refuseChanges(wish: ClusterWish, existing: ClusterConfig): void {
  const remake = `Leave the option out, or remove the cluster first with: skiff delete --name ${existing.name}`;
  if (wish.nodeCount !== undefined && wish.nodeCount !== existing.nodes.length)
    throw new UserError(`Cluster ${existing.name} has ${existing.nodes.length} nodes, not ${wish.nodeCount}.`, remake);
  if (wish.runtime !== undefined && wish.runtime !== existing.runtime)
    throw new UserError(`Cluster ${existing.name} uses the ${existing.runtime} runtime.`, remake);
  if (wish.store !== undefined && JSON.stringify(wish.store) !== JSON.stringify(existing.store))
    throw new UserError(`Cluster ${existing.name} uses the ${existing.store.type} store.`, remake);
  if (wish.loadBalancerPool !== undefined && wish.loadBalancerPool !== existing.network.loadBalancerCidr)
    throw new UserError(`Cluster ${existing.name} has its load-balancer addresses in ${existing.network.loadBalancerCidr}.`, remake);
  if (wish.auditLog === false && existing.auditLog !== false) throw new UserError(`Cluster ${existing.name} keeps an audit log.`, remake);
  if (wish.dashboard === false && existing.dashboard !== false) throw new UserError(`Cluster ${existing.name} has a dashboard.`, remake);
  if (wish.apiPort !== undefined && wish.apiPort !== existing.apiPort)
    throw new UserError(`Cluster ${existing.name} serves its API on port ${existing.apiPort}.`, remake);
  const { removedVersions = true } = existing;
  if (wish.removedVersions !== undefined && wish.removedVersions !== removedVersions)
    throw new UserError(`Cluster ${existing.name} ${removedVersions ? "serves" : "does not serve"} removed API versions.`, remake);
}

/** The clusters of this user but the one of that name; damaged ones are left out. */
export function otherClusters(home: StateHome, name: string): ClusterConfig[] {
  return home.clusters().flatMap((other) => {
    if (other === name) return [];
    try {
      return [readClusterConfig(home.paths(other))].filter((config) => config !== undefined);
    } catch {
      // A damaged cluster beside this one must not keep this one from starting.
      return [];
    }
  });
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function chooseServerUser(others: readonly ClusterConfig[]): number {
  return freeServerUser(new Set(others.map(({ serverUser }) => serverUser)));
}

async function chooseApiPort(wished: number | undefined, others: readonly ClusterConfig[]): Promise<number> {
  if (wished === undefined) return freePort(FIRST_API_PORT, new Set(others.map((other) => other.apiPort)));
  const holder = others.find((other) => other.apiPort === wished);
  if (holder !== undefined)
    throw new UserError(
      `Port ${wished} belongs to cluster ${holder.name}.`,
      "Choose another one with --api-port, or leave the option out.",
    );
  if (!(await isPortFree(wished)))
    throw new UserError(`Port ${wished} is in use by another program.`, "Choose another one with --api-port, or leave the option out.");
  return wished;
}

function chooseNetwork(nodeCount: number, others: readonly ClusterConfig[], pool: string | undefined): NetworkPlan {
  const rangesOf = ({ clusterCidr, serviceCidr, nodeCidr, loadBalancerCidr }: NetworkPlan): string[] => [
    ...(clusterCidr === SHARED_CLUSTER_CIDR ? [] : [clusterCidr]),
    serviceCidr,
    nodeCidr,
    loadBalancerCidr,
  ];
  const ofOthers = others.flatMap(({ network }) => rangesOf(network));
  const overlaps = (cidr: string, ranges: readonly string[]): boolean => ranges.some((range) => cidrsOverlap(cidr, range));
  if (pool !== undefined && overlaps(pool, ofOthers))
    throw new UserError(`The range ${pool} belongs to another cluster of this machine.`, "Choose another one with --load-balancer-pool.");
  const taken = [...machineNetworks(), ...ofOthers, ...(pool === undefined ? [] : [pool])];
  for (let slot = 0; slot < NETWORK_SLOTS; slot++) {
    const plan = networkPlan(slot, nodeCount);
    const own = rangesOf(plan);
    if (!own.some((cidr) => overlaps(cidr, taken))) return pool === undefined ? plan : { ...plan, loadBalancerCidr: pool };
  }
  throw new UserError(
    `All ${NETWORK_SLOTS} address ranges for clusters are taken on this machine.`,
    "Remove a cluster that is no longer needed with: skiff delete --name NAME",
  );
}
