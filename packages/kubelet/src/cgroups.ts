import type { LinuxContainerResources } from "./container-runtime.ts";

/** The node's control groups above those of the containers, named by path from the group that the manager is made for: `/kubepods/burstable/pod<uid>`. */
export interface CgroupManager {
  /** Creates the group with its parents, or changes its values. */
  ensure(path: string, resources: LinuxContainerResources): Promise<void>;
  /** Ends what runs in it and removes it with all below. Does nothing when it is gone. */
  remove(path: string): Promise<void>;
  /** All Pods that have a group. */
  listPods(): Promise<readonly PodCgroup[]>;
}

/** The group of one Pod. */
export interface PodCgroup {
  readonly podUid: string;
  readonly path: string;
}

/** For simulated nodes, and for machines where the kubelet may not touch control groups: the runtime makes them as needed. */
export const noCgroups: CgroupManager = {
  ensure: async () => {},
  remove: async () => {},
  listPods: async () => [],
};
