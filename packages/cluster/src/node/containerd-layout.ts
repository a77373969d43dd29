import type { ContainerdOptions } from "@skiff/cri";
import { PAUSE_IMAGE } from "@skiff/cri";
import { join } from "node:path";
import type { NodePaths } from "../layout/cluster-paths.ts";
import { cniPluginFolder } from "../preflight.ts";

/** What is found out about the machine before containerd starts. */
interface ContainerdMachine {
  readonly snapshotter: ContainerdOptions["snapshotter"];
  readonly restrictOomScoreAdj: boolean;
}

/** The containerd of one node. What {@link ContainerdMachine} says does not matter for cleaning up. */
export function containerdOptions(
  paths: NodePaths,
  machine: ContainerdMachine = { snapshotter: "overlayfs", restrictOomScoreAdj: false },
): ContainerdOptions {
  return {
    rootDirectory: paths.containerdData,
    stateDirectory: paths.containerdRun,
    socketPath: paths.containerdSocket,
    sandboxImage: PAUSE_IMAGE,
    cniConfigDirectory: paths.cniConfig,
    cniBinDirectory: cniPluginFolder() ?? "/usr/lib/cni",
    registryConfigDirectory: join(paths.data, "certs.d"),
    snapshotter: machine.snapshotter,
    cgroupDriver: "cgroupfs",
    restrictOomScoreAdj: machine.restrictOomScoreAdj,
  };
}

/** Where the supervisor keeps the configuration, the pid file and the log of containerd. */
export function supervisorDirectory(paths: NodePaths): string {
  return join(paths.run, "supervisor");
}

/** Where the supervisor sends what containerd says. */
export function containerdLog(paths: NodePaths): string {
  return join(supervisorDirectory(paths), "containerd.log");
}

/** The control group of a node: everything that it runs lies below. */
export function nodeCgroup(cluster: string, node: string): string {
  return `/skiff-${cluster}/${node}`;
}

/** The table of NetworkPolicies in the node's network namespace. */
export function policyTable(cluster: string): string {
  return `${proxyTable(cluster)}-policy`;
}

/** The table of the Service proxy in the node's network namespace. */
export function proxyTable(cluster: string): string {
  return `skiff-${cluster}`;
}
