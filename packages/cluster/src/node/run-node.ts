import type { Host } from "@skiff/base";
import { readClusterConfig } from "../layout/cluster-file.ts";
import { clusterPaths } from "../layout/cluster-paths.ts";
import { machineNodeNetworks } from "../manage/machine-node-networks.ts";
import { UserError } from "../user-error.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";
import { startSimulatedNodes } from "./simulated-nodes.ts";

/** `skiff node`: runs one node, or all simulated ones, of the cluster in a data directory. */
export async function runNode(options: {
  readonly host: Host;
  readonly dataDir: string;
  readonly runDir: string;
  readonly nodeName: string;
}): Promise<NodeProcess> {
  const { host, nodeName } = options;
  const paths = clusterPaths(options.dataDir, options.runDir);
  const config = readClusterConfig(paths);
  if (config === undefined) throw new UserError(`${options.dataDir} holds no cluster.`, "Start one with: skiff up");
  if (config.runtime === "simulated") return startSimulatedNodes({ host, config, paths });
  if (!config.nodes.includes(nodeName))
    throw new UserError(`Cluster ${config.name} has no node ${nodeName}.`, `It has: ${config.nodes.join(", ")}`);
  const address = machineNodeNetworks(host).address(config, nodeName);
  return startNodeProcess({ host, config, paths, nodeName, address });
}
