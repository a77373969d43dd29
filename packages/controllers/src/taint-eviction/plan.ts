import { parseTime } from "@skiff/base";
import type { Pod, Taint, Toleration } from "@skiff/api";

/** What to do about one Pod. */
export type EvictionPlan = { readonly action: "stay" } | { readonly action: "wait"; readonly ms: number } | { readonly action: "evict" };

/** True when the toleration is about the taint. */
export function tolerates({ key = "", operator = "Equal", value = "", effect = "" }: Toleration, taint: Taint): boolean {
  if (effect !== "" && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  if (operator === "Exists") return true;
  return key !== "" && operator === "Equal" && value === (taint.value ?? "");
}

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
