import { existsSync, readFileSync } from "node:fs";
import { UserError } from "../user-error.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { LAYOUT_VERSION, type ClusterConfig } from "./cluster-config.ts";
import type { ClusterPaths } from "./cluster-paths.ts";
import { loadBalancerCidrOf, type NetworkPlan } from "./network-plan.ts";

/**
 * The description of the cluster in a data directory, or `undefined` when there is none yet.
 *
 * Errors: a {@link UserError} when the file is damaged or was written by a newer Skiff.
 */
export function readClusterConfig(paths: ClusterPaths): ClusterConfig | undefined {
  if (!existsSync(paths.config)) return undefined;
  let config: Partial<ClusterConfig>;
  try {
    config = JSON.parse(readFileSync(paths.config, "utf8")) as Partial<ClusterConfig>;
  } catch (cause) {
    throw damaged(paths, { cause });
  }
  if (typeof config !== "object" || config === null || typeof config.layoutVersion !== "number") throw damaged(paths);
  if (config.layoutVersion > LAYOUT_VERSION) {
    throw new UserError(
      `The data in ${paths.data} was written by a newer Skiff (layout ${config.layoutVersion}; this one knows ${LAYOUT_VERSION}).`,
      "Use that Skiff, or keep the data and start another cluster with --name.",
    );
  }
  if (typeof config.name !== "string" || !Array.isArray(config.nodes) || config.network === undefined || config.store === undefined)
    throw damaged(paths);
  // Clusters that were made before there was a pool get the one of their slot.
  const { loadBalancerCidr = loadBalancerCidrOf(config.network.nodeCidr) } = config.network as Partial<NetworkPlan>;
  return { ...(config as ClusterConfig), network: { ...config.network, loadBalancerCidr } };
}

/** Writes the description of a cluster. */
export function writeClusterConfig(paths: ClusterPaths, config: ClusterConfig): void {
  writeFileAtomically(paths.config, `${JSON.stringify(config, undefined, 2)}\n`, 0o600);
}

function damaged(paths: ClusterPaths, options?: ErrorOptions): UserError {
  return new UserError(`${paths.config} is damaged.`, "Put the file back from a copy, or remove the cluster with: skiff delete", options);
}
