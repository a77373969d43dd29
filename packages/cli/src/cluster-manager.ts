import { ClusterManager, machineNodeNetworks } from "@skiff/cluster";
import type { CommandContext } from "./command-context.ts";

/** The manager of this user's clusters. */
export function clusterManager(context: CommandContext): ClusterManager {
  const { host, home, version } = context;
  return new ClusterManager({ host, home, version, launcher: { program: context.program }, networks: machineNodeNetworks(host) });
}
