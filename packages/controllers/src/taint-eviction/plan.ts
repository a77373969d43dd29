import { parseTime } from "@skiff/base";
import { tolerates, type Pod, type Taint } from "@skiff/api";

/** What to do about one Pod. */
export type EvictionPlan = { readonly action: "stay" } | { readonly action: "wait"; readonly ms: number } | { readonly action: "evict" };

/**
 * Whether a Pod may stay on a node with these taints. Every `NoExecute` taint must be tolerated; the shortest `tolerationSeconds` counts,
 * from when the taint was put on the node.
 */
export function planEviction(pod: Pod, taints: readonly Taint[], nowMs: number): EvictionPlan {
  if (pod.metadata?.deletionTimestamp !== undefined) return { action: "stay" };
  let untilMs = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    if (taint.effect !== "NoExecute") continue;
    const matching = (pod.spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    if (matching.length === 0) return { action: "evict" };
    const seconds = Math.min(...matching.map(({ tolerationSeconds }) => tolerationSeconds ?? Number.POSITIVE_INFINITY));
    untilMs = Math.min(untilMs, (parseTime(taint.timeAdded) ?? nowMs) + Math.max(0, seconds) * 1000);
  }
  if (untilMs === Number.POSITIVE_INFINITY) return { action: "stay" };
  return untilMs <= nowMs ? { action: "evict" } : { action: "wait", ms: untilMs - nowMs };
}
