import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ClusterConfig } from "./cluster-config.ts";
import { writeClusterConfig } from "./cluster-file.ts";
import type { ClusterPaths } from "./cluster-paths.ts";
import type { StateHome } from "./state-home.ts";

/**
 * Makes the data directory of a cluster that is new on this machine: what `write` writes into it, and then the description,
 * so that a cluster is there whole or not at all. When anything fails, all of it is taken back.
 */
export async function writeNewCluster(
  config: ClusterConfig,
  paths: ClusterPaths,
  home: StateHome,
  write: () => void | Promise<void>,
): Promise<void> {
  const made = mkdirSync(paths.data, { recursive: true, mode: 0o700 });
  try {
    await write();
    writeClusterConfig(paths, config);
    home.register(config.name, paths);
  } catch (error) {
    home.forget(config.name);
    for (const name of readdirSync(paths.data)) rmSync(join(paths.data, name), { recursive: true });
    if (made !== undefined) rmSync(made, { recursive: true });
    throw error;
  }
}
