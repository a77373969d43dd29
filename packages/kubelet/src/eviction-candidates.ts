import type { ContainerRuntime } from "./container-runtime.ts";
import type { EvictionCandidate, Shortage } from "./eviction.ts";
import type { PodManager } from "./pod-manager.ts";
import { POD_UID_LABEL } from "./runtime-labels.ts";

/** The active Pods with what the runtime says that they use. */
export async function evictionCandidates(
  runtime: Pick<ContainerRuntime, "listContainerStats">,
  pods: Pick<PodManager, "list">,
  resource: Shortage["resource"],
): Promise<EvictionCandidate[]> {
  const used = new Map<string, number>();
  for (const stats of await runtime.listContainerStats()) {
    const uid = stats.labels[POD_UID_LABEL] ?? "";
    const amount = resource === "memory" ? stats.memoryWorkingSetBytes : stats.writableLayerBytes;
    used.set(uid, (used.get(uid) ?? 0) + amount);
  }
  return pods
    .list()
    .filter(({ state }) => state.name === "Active")
    .map(({ pod, uid }) => ({ pod, used: used.get(uid) ?? 0 }));
}
