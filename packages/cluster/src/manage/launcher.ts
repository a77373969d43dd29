import { inNetworkNamespace } from "@skiff/cni";
import type { ClusterPaths } from "../layout/cluster-paths.ts";
import { partArguments } from "../process/kept-processes.ts";

/** How the long-running processes of a cluster are started: the program of the `skiff` command itself. */
export interface Launcher {
  /** The command up to the subcommand, for example `["/usr/bin/node", "skiff.js"]`. */
  readonly program: readonly string[];
}

/** `skiff server …` for the cluster in `paths`. */
export function serverCommand(launcher: Launcher, paths: ClusterPaths): string[] {
  return [...launcher.program, ...partArguments(paths, { role: "server" })];
}

/** `skiff node …` for one node, inside the node's network namespace when it has one. */
export function nodeCommand(
  launcher: Launcher,
  paths: ClusterPaths,
  node: string,
  networkNamespace: string | undefined,
): readonly string[] {
  const [program = "", ...before] = launcher.program;
  const command = [program, ...before, ...partArguments(paths, { role: "node", node })] as const;
  return networkNamespace === undefined ? command : inNetworkNamespace(networkNamespace, command);
}
