import type { CommandRunner } from "./command-runner.ts";
import { linkRemoval, performSteps } from "./node-network.ts";
import { overlayRemoval } from "./pod-overlay.ts";
import { podRouteRemoval } from "./pod-routes.ts";

/**
 * Removes what a node made in this network namespace for its Pods: the routes to other nodes' Pods, the overlay, and the
 * bridge. Idempotent.
 */
export async function removePodNetwork(
  runner: CommandRunner,
  { cluster, bridge, clusterCidr }: { readonly cluster: string; readonly bridge: string; readonly clusterCidr: string },
): Promise<void> {
  await performSteps(runner, [podRouteRemoval(clusterCidr), overlayRemoval(cluster), linkRemoval(bridge)]);
}
