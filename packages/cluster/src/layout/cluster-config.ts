import type { NetworkPlan } from "./network-plan.ts";

/** Which store a cluster keeps its objects in. */
export type StoreChoice =
  | { readonly type: "lmdb" }
  | { readonly type: "memory" }
  | { readonly type: "etcd"; readonly endpoints: readonly string[] };

/** Which runtime the nodes use. */
export type RuntimeChoice = "containerd" | "simulated";

/** What is fixed when a cluster is made: the content of `cluster.json` in its data directory. */
export interface ClusterConfig {
  /** The version of the layout of the data directory, see {@link LAYOUT_VERSION}. */
  readonly layoutVersion: number;
  readonly name: string;
  readonly createdAt: string;
  readonly nodes: readonly string[];
  readonly runtime: RuntimeChoice;
  /** On a machine that has joined: `memory`, and nothing is in it. */
  readonly store: StoreChoice;
  readonly network: NetworkPlan;
  /** The port of the API on all addresses of the machine. */
  readonly apiPort: number;
  /** The address (IPv4) of this machine towards the other machines of the cluster; absent: its primary one, as it is at the time. */
  readonly address?: string;
  /** On a machine that has joined the cluster of another one: the URL of its API. There is no server here then. */
  readonly joined?: string;
  /** False: the API server keeps no audit log. */
  readonly auditLog?: boolean;
  /** False: the cluster has no dashboard of its own. */
  readonly dashboard?: boolean;
  /** The id of the user that the server runs as; absent when it runs as the user who made the cluster. */
  readonly serverUser?: number;
  /** Whether API versions that upstream has removed are served as well. Default true. */
  readonly removedVersions?: boolean;
}

/**
 * Raised when the data directory changes in a way that an older Skiff could not read. Directories of a newer version
 * are refused; those of an older one, from {@link OLDEST_LAYOUT} on, are brought up to date.
 */
export const LAYOUT_VERSION = 1;
export const OLDEST_LAYOUT = 1;

/** The rule for names of clusters: they become part of interface, table and directory names. */
export const CLUSTER_NAME = /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/;

/** The name of the `index`th node (from 1) of a cluster: `skiff-1`, or `NAME-1`. */
export function nodeName(cluster: string, index: number): string {
  return cluster === "skiff" ? `skiff-${index}` : `${cluster}-${index}`;
}

/** The context, cluster and user in the kubeconfig: `skiff`, or `skiff-NAME`. */
export function contextName(cluster: string): string {
  return cluster === "skiff" ? "skiff" : `skiff-${cluster}`;
}
