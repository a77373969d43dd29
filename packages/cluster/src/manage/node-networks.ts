import type { CertificateAndKey } from "@skiff/apiserver";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import type { ClusterPaths, NodePaths } from "../layout/cluster-paths.ts";

/**
 * What the nodes of a cluster need of the machine outside their own processes: network namespaces and the bridge that
 * joins them, and the clean-up of what a node process leaves when it is stopped. Every method may be called again.
 */
export interface NodeNetworks {
  /** Makes what is missing. A cluster of one node lives in the machine's own network and needs nothing. */
  create(config: ClusterConfig, paths: ClusterPaths): Promise<void>;
  /** Removes all of it, and the rules and bridges that nodes made. */
  remove(config: ClusterConfig, paths: ClusterPaths): Promise<void>;
  /** Ends every container and containerd of the cluster. */
  stopRuntimes(config: ClusterConfig, paths: ClusterPaths): Promise<void>;
  /** Unmounts what is still mounted below the cluster's directories. */
  releaseMounts(config: ClusterConfig, paths: ClusterPaths): Promise<void>;
  /** The node's address. */
  address(config: ClusterConfig, node: string): string;
  /** The name of the node's network namespace; absent when it lives in the machine's own. */
  namespace(config: ClusterConfig, node: string): string | undefined;
  /** Where the nodes reach the API. */
  apiServer(config: ClusterConfig): string;
  /** The containerd of the node, when it runs. */
  runtimePid(paths: ClusterPaths, node: string): number | undefined;
  writeServingCertificate(paths: NodePaths, certificate: CertificateAndKey): void;
}
