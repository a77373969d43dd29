import { formatTime } from "@skiff/base";
import type { Node, NodeCondition, Taint } from "@skiff/api";
import { evictionTaintKey, taintsFor } from "./node-taints.ts";

/** The conditions that the kubelet vouches for; without its sign of life nobody knows them. */
const KUBELET_CONDITIONS = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** How patient to be. The defaults are those of Kubernetes 1.36. */
export interface NodeLifecycleOptions {
  /** A node that was silent for so long counts as unreachable. Default 50 s. */
  readonly gracePeriodMs?: number;
  /** The same for a node that never said anything. Default 60 s. */
  readonly startupGracePeriodMs?: number;
  /** How often nodes are looked at. Default 5 s. */
  readonly monitorPeriodMs?: number;
}

/** What there is to know about one node. */
export interface ObservedNode {
  readonly node: Node;
  /** Since the last sign of life: a renewed lease or a new status. */
  readonly silentMs: number;
  readonly patienceMs: number;
  /** Whether Pods may be driven from this node now, if it is not ready; asked only then. */
  readonly mayEvict: () => boolean;
  /** Whether no zone has a ready node left, so that evictions are called off. Asked only of a node that is not ready. */
  readonly isEverythingDown: () => boolean;
}

/** What to do about it. */
export interface NodePlan {
  /** Absent when they are right. */
  readonly conditions?: readonly NodeCondition[];
  /** Absent when they are right. */
  readonly taints?: readonly Taint[];
  /** The node was ready and is not any more. */
  readonly becameNotReady: boolean;
  /** Its Pods serve nobody any more, whatever their last status says. */
  readonly podsNotReady: boolean;
}

/** Marks nodes that fell silent, and keeps Pods away from nodes that are not well. */
export function planNode(observed: ObservedNode, nowMs: number): NodePlan {
  const { node } = observed;
  const before = node.status?.conditions ?? [];
  const conditions = observed.silentMs > observed.patienceMs ? silentConditions(node, nowMs) : before;
  const taints = taintsFor(node, conditions, evictionOf(observed, conditions), nowMs);
  const isReady = statusOf(conditions, "Ready") === "True";
  return {
    conditions: conditions === before ? undefined : conditions,
    taints: taints === (node.spec?.taints ?? taints) && (node.spec?.taints !== undefined || taints.length === 0) ? undefined : taints,
    becameNotReady: statusOf(before, "Ready") === "True" && !isReady,
    podsNotReady: !isReady && conditions.length > 0,
  };
}

function statusOf(conditions: readonly NodeCondition[], type: string): string | undefined {
  return conditions.find((condition) => condition.type === type)?.status;
}

function evictionOf({ node, mayEvict, isEverythingDown }: ObservedNode, conditions: readonly NodeCondition[]): "apply" | "keep" | "lift" {
  const ready = conditions.find(({ type }) => type === "Ready");
  const key = evictionTaintKey(ready);
  if (key === undefined || isEverythingDown()) return "lift";
  // A node that never said a word has no Pods to drive away.
  if (ready === undefined) return "keep";
  const present = node.spec?.taints ?? [];
  // Going from one of both taints to the other needs no new turn.
  const isEvicting = present.some(({ effect, key: other }) => effect === "NoExecute" && (other === key || evictionTaintKeys.has(other)));
  return isEvicting || mayEvict() ? "apply" : "keep";
}

const evictionTaintKeys = new Set(["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);

/** The conditions of a node that fell silent. The same array when they say so already. */
function silentConditions(node: Node, nowMs: number): readonly NodeCondition[] {
  const before = node.status?.conditions ?? [];
  const now = formatTime(nowMs);
  let isChanged = false;
  const next = before.map((condition) => {
    if (!KUBELET_CONDITIONS.includes(condition.type) || condition.status === "Unknown") return condition;
    isChanged = true;
    const message = "Kubelet stopped posting node status.";
    return { ...condition, status: "Unknown", reason: "NodeStatusUnknown", message, lastTransitionTime: now };
  });
  for (const type of KUBELET_CONDITIONS) {
    if (before.some((condition) => condition.type === type)) continue;
    isChanged = true;
    next.push({
      type,
      status: "Unknown",
      reason: "NodeStatusNeverUpdated",
      message: "Kubelet never posted node status.",
      lastHeartbeatTime: node.metadata?.creationTimestamp,
      lastTransitionTime: now,
    });
  }
  return isChanged ? next : before;
}
