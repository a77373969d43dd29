import type { NodeFilter, Plugin } from "../framework/plugin.ts";
import { unresolvable, unschedulable } from "../framework/rejection.ts";
import type { PodInfo } from "../state/pod-info.ts";
import { claimNotFound, type VolumeReader } from "./volume-reader.ts";

const NAME = "VolumeRestrictions";
const IN_USE = unschedulable(NAME, "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode");

/** Filter: a claim with the access mode ReadWriteOncePod is for one Pod at a time (KEP-2485). */
export function createVolumeRestrictions(volumes: VolumeReader): Plugin {
  return {
    name: NAME,
    preFilter(pod, snapshot) {
      const exclusive = new Set<string>();
      for (const { name, ephemeral } of pod.claims) {
        // Nobody else can use it, and it may have to be made yet.
        if (ephemeral) continue;
        const claim = volumes.claim(pod.namespace, name);
        if (claim === undefined) return unresolvable(NAME, claimNotFound(name));
        if (claim.spec?.accessModes?.includes("ReadWriteOncePod")) exclusive.add(name);
      }
      if (exclusive.size === 0) return "skip";
      const uses = (other: PodInfo): number =>
        other.namespace === pod.namespace ? other.claims.filter(({ name }) => exclusive.has(name)).length : 0;
      let inUse = 0;
      for (const node of snapshot.nodes) for (const other of node.pods.values()) inUse += uses(other);
      const filter: NodeFilter = {
        filter: () => (inUse > 0 ? IN_USE : undefined),
        addPod: (other) => void (inUse += uses(other)),
        removePod: (other) => void (inUse -= uses(other)),
      };
      return { filter };
    },
    isRelievedBy: (event) =>
      event.resource === "PersistentVolumeClaim" ||
      event.resource === "Node" ||
      (event.resource === "AssignedPod" && event.action === "delete"),
  };
}
