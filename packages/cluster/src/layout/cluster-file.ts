import { existsSync, readFileSync } from "node:fs";
import { UserError } from "../user-error.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { LAYOUT_VERSION, OLDEST_LAYOUT, type ClusterConfig } from "./cluster-config.ts";
import type { ClusterPaths } from "./cluster-paths.ts";
import { isClusterConfig } from "./config-check.ts";
import { loadBalancerCidrOf, type NetworkPlan } from "./network-plan.ts";

/**
 * The description of the cluster in a data directory, or `undefined` when there is none yet.
 *
 * Errors: a {@link UserError} when the file is damaged or was written by a Skiff that is too new or too old.
 */
export function readClusterConfig(paths: ClusterPaths): ClusterConfig | undefined {
  if (!existsSync(paths.config)) return undefined;
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(paths.config, "utf8"));
  } catch (cause) {
    throw damaged(paths, { cause });
  }
  const layout = typeof config === "object" && config !== null ? (config as { layoutVersion?: unknown }).layoutVersion : undefined;
  if (typeof layout !== "number") throw damaged(paths);
  if (layout > LAYOUT_VERSION) {
    throw new UserError(
      `The data in ${paths.data} was written by a newer Skiff (layout ${layout}; this one knows ${LAYOUT_VERSION}).`,
      "Use that Skiff, or keep the data and start another cluster with --name.",
    );
  }
  if (layout < OLDEST_LAYOUT) {
    throw new UserError(
      `The data in ${paths.data} was written by an older Skiff (layout ${layout}; this one reads ${OLDEST_LAYOUT} and later).`,
      "Use that Skiff, or keep the data and start another cluster with --name.",
    );
  }
  if (!isClusterConfig(config)) throw damaged(paths);
  // Clusters that were made before there was a pool get the one of their slot.
  const { loadBalancerCidr = loadBalancerCidrOf(config.network.nodeCidr) } = config.network as Partial<NetworkPlan>;
  return { ...config, network: { ...config.network, loadBalancerCidr } };
}

/** Writes the description of a cluster. */
export function writeClusterConfig(paths: ClusterPaths, config: ClusterConfig): void {
  writeFileAtomically(paths.config, `${JSON.stringify(config, undefined, 2)}\n`, 0o600);
}

function damaged(paths: ClusterPaths, options?: ErrorOptions): UserError {
  return new UserError(`${paths.config} is damaged.`, "Put the file back from a copy, or remove the cluster with: skiff delete", options);
}
