import type { Host } from "@skiff/base";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { readClusterConfig } from "../layout/cluster-file.ts";
import { clusterPaths, processLog, type ClusterPaths } from "../layout/cluster-paths.ts";
import { keepCertificates } from "../join/keep-certificates.ts";
import { machineNodeNetworks } from "../manage/machine-node-networks.ts";
import { LogRotation } from "../process/log-rotation.ts";
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
  const logRotation = new LogRotation({ host, logFile: processLog(paths, nodeName) }).start();
  try {
    const node = await startNode(config, paths, host, nodeName);
    return { stop: () => node.stop().finally(() => logRotation.stop()) };
  } catch (error) {
    logRotation.stop();
    throw error;
  }
}

async function startNode(config: ClusterConfig, paths: ClusterPaths, host: Host, nodeName: string): Promise<NodeProcess> {
  if (config.runtime === "simulated") return startSimulatedNodes({ host, config, paths });
  if (!config.nodes.includes(nodeName))
    throw new UserError(`Cluster ${config.name} has no node ${nodeName}.`, `It has: ${config.nodes.join(", ")}`);
  const address = machineNodeNetworks(host).address(config, nodeName);
  const renewal = config.joined === undefined ? undefined : await keepCertificates({ host, config, paths, address });
  const node = await startNodeProcess({ host, config, paths, nodeName, address });
  return { stop: () => node.stop().finally(() => renewal?.stop()) };
}
