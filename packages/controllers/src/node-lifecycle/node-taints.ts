import { formatTime } from "@skiff/base";
import type { Node, NodeCondition, Taint } from "@skiff/api";

const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

/** Which condition in which state keeps new Pods away, and under which name. */
const CONDITION_TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: "node.kubernetes.io/memory-pressure" },
  DiskPressure: { True: "node.kubernetes.io/disk-pressure" },
  PIDPressure: { True: "node.kubernetes.io/pid-pressure" },
  NetworkUnavailable: { True: "node.kubernetes.io/network-unavailable" },
};
const NO_SCHEDULE_KEYS = new Set([UNSCHEDULABLE, ...Object.values(CONDITION_TAINTS).flatMap((states) => Object.values(states))]);
const NO_EXECUTE_KEYS = new Set([NOT_READY, UNREACHABLE]);

/** The taint that drives Pods away from a node in this state of readiness, if any. */
export function evictionTaintKey(ready: NodeCondition | undefined): string | undefined {
  return CONDITION_TAINTS.Ready?.[ready?.status ?? "Unknown"];
}

/**
 * The taints of a node with those that its conditions ask for: `NoSchedule` always, `NoExecute` as `eviction` says ("keep"
 * leaves those that are there). Others are left alone. The same array when nothing changes.
 */
export function taintsFor(
  node: Node,
  conditions: readonly NodeCondition[],
  eviction: "apply" | "keep" | "lift",
  nowMs: number,
): readonly Taint[] {
  const present = node.spec?.taints ?? [];
  const wantedNoSchedule = new Set<string>();
  for (const { type, status } of conditions) {
    const key = CONDITION_TAINTS[type]?.[status];
    if (key !== undefined) wantedNoSchedule.add(key);
  }
  if (node.spec?.unschedulable) wantedNoSchedule.add(UNSCHEDULABLE);
  const evicting = evictionTaintKey(conditions.find(({ type }) => type === "Ready"));
  const isWanted = ({ key, effect }: Taint): boolean => {
    if (effect === "NoSchedule" && NO_SCHEDULE_KEYS.has(key)) return wantedNoSchedule.has(key);
    if (effect !== "NoExecute" || !NO_EXECUTE_KEYS.has(key) || eviction === "keep") return true;
    return eviction === "apply" && key === evicting;
  };
  const next = present.filter(isWanted);
  const add = (key: string, effect: string): void => {
    if (!next.some((taint) => taint.key === key && taint.effect === effect)) next.push({ key, effect, timeAdded: formatTime(nowMs) });
  };
  for (const key of wantedNoSchedule) add(key, "NoSchedule");
  if (eviction === "apply" && evicting !== undefined) add(evicting, "NoExecute");
  return next.length === present.length && next.every((taint, index) => taint === present[index]) ? present : next;
}
