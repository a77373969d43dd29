import { formatTime } from "@skiff/base";
import type { Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from "@skiff/api";
import { labelMatcher, type Claims } from "@skiff/controller-kit";
import { podsToDelete } from "../pods/pod-deletion-order.ts";
import { isPodActive, isPodReady, isPodTerminating, msUntilAvailable } from "../pods/pod-state.ts";
import { sameJson } from "../same-json.ts";
import { withCondition, withoutCondition } from "../status-conditions.ts";

/** At most so many Pods are created or deleted in one go, so that one ReplicaSet cannot hold up all others. */
const BURST_REPLICAS = 500;

/** What there is to know about one ReplicaSet. */
export interface ObservedReplicaSet {
  readonly replicaSet: ReplicaSet;
  readonly claims: Claims<Pod>;
  /** The Pods of all ReplicaSets with the same owner; only needed when there are too many Pods. */
  readonly relatedPods: readonly Pod[];
  /** False while the cache may lack Pods that we created or show ones that we deleted: then nothing is counted. */
  readonly ownWritesVisible: boolean;
}

/** What to do about it. */
export interface ReplicaSetPlan {
  /** How many Pods to create. */
  readonly create: number;
  readonly delete: readonly Pod[];
  /** There is more to create or delete than fits into one go. */
  readonly isPartial: boolean;
  /** The status if everything goes well; the performer adds the failure. */
  readonly status: ReplicaSetStatus;
  /** When a Pod that is ready becomes available. */
  readonly requeueAfterMs?: number;
}

/**
 * Brings the number of Pods to `spec.replicas` and counts them. Adopted Pods count at once; the claims themselves are
 * carried out as they stand in the observation.
 */
export function planReplicaSet(observed: ObservedReplicaSet, nowMs: number): ReplicaSetPlan {
  const { replicaSet, claims } = observed;
  const { active, terminating } = liveness(claims);
  const { status, requeueAfterMs } = countPods(replicaSet, active, terminating, nowMs);
  const isDeleted = replicaSet.metadata?.deletionTimestamp !== undefined;
  const missing = isDeleted || !observed.ownWritesVisible ? 0 : (replicaSet.spec?.replicas ?? 1) - active.length;
  return {
    create: Math.min(Math.max(0, missing), BURST_REPLICAS),
    delete: missing < 0 ? podsToDelete(active, Math.min(-missing, BURST_REPLICAS), observed.relatedPods, nowMs) : [],
    isPartial: Math.abs(missing) > BURST_REPLICAS,
    status,
    requeueAfterMs,
  };
}

/** Told apart in one pass: every change of a Pod leads here, so each pass costs in proportion to all Pods of the owner. */
function liveness({ owned, adopt }: Claims<Pod>): { readonly active: readonly Pod[]; readonly terminating: number } {
  const active: Pod[] = [];
  let terminating = 0;
  for (const pods of [owned, adopt]) {
    for (const pod of pods) {
      if (isPodActive(pod)) active.push(pod);
      else if (isPodTerminating(pod)) terminating++;
    }
  }
  return { active, terminating };
}

function countPods(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  terminating: number,
  nowMs: number,
): { readonly status: ReplicaSetStatus; readonly requeueAfterMs?: number } {
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  const fitsTemplate = labelMatcher({ matchLabels: replicaSet.spec?.template?.metadata?.labels ?? {} });
  let fullyLabeled = 0;
  let ready = 0;
  let available = 0;
  let requeueAfterMs: number | undefined;
  for (const pod of active) {
    if (fitsTemplate(pod.metadata?.labels ?? {})) fullyLabeled++;
    if (!isPodReady(pod)) continue;
    ready++;
    // Without a wait, ready is available.
    const waitMs = minReadySeconds === 0 ? 0 : msUntilAvailable(pod, minReadySeconds, nowMs);
    if (waitMs === 0) available++;
    else if (waitMs !== undefined) requeueAfterMs = Math.min(waitMs, requeueAfterMs ?? waitMs);
  }
  const status: ReplicaSetStatus = {
    replicas: active.length,
    ...(fullyLabeled > 0 ? { fullyLabeledReplicas: fullyLabeled } : {}),
    ...(ready > 0 ? { readyReplicas: ready } : {}),
    ...(available > 0 ? { availableReplicas: available } : {}),
    terminatingReplicas: terminating,
    observedGeneration: replicaSet.metadata?.generation,
    ...(replicaSet.status?.conditions ? { conditions: replicaSet.status.conditions } : {}),
  };
  return { status, requeueAfterMs };
}

/** What went wrong while the plan was carried out. */
export interface ReplicaFailure {
  readonly reason: "FailedCreate" | "FailedDelete";
  readonly message: string;
}

/** The planned status with the `ReplicaFailure` condition set or lifted; `undefined` when nothing has to be written. */
export function statusToWrite(
  replicaSet: ReplicaSet,
  planned: ReplicaSetStatus,
  failure: ReplicaFailure | undefined,
  nowMs: number,
): ReplicaSetStatus | undefined {
  const present = planned.conditions ?? [];
  const condition = (failed: ReplicaFailure): ReplicaSetCondition => ({
    type: "ReplicaFailure",
    status: "True",
    lastTransitionTime: formatTime(nowMs),
    ...failed,
  });
  // Upstream keeps the first failure as it is until it is over.
  const alreadyFailed = present.some(({ type }) => type === "ReplicaFailure");
  let conditions: readonly ReplicaSetCondition[] = present;
  if (failure === undefined) conditions = withoutCondition(present, "ReplicaFailure");
  else if (!alreadyFailed) conditions = withCondition(present, condition(failure));
  const { conditions: _replaced, ...counts } = planned;
  const status: ReplicaSetStatus = conditions.length > 0 ? { ...counts, conditions: [...conditions] } : counts;
  return sameJson(status, replicaSet.status) ? undefined : status;
}
