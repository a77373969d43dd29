import { formatTime, parseTime } from "@skiff/base";
import type { Condition, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from "@skiff/api";
import { resolveIntOrPercent } from "../int-or-percent.ts";
import { isPodReady } from "../pods/pod-state.ts";
import { sameJson } from "../same-json.ts";
import { conditionOf } from "../status-conditions.ts";
import type { ExpectedScale } from "./expected-scale.ts";

/** An eviction whose Pod is not being deleted after so long has not happened. */
const DELETION_TIMEOUT_MS = 120_000;
const CONDITION = "DisruptionAllowed";

/** What there is to know about one budget. */
export interface ObservedBudget {
  readonly budget: PodDisruptionBudget;
  /** Those that its selector picks. */
  readonly pods: readonly Pod[];
  /** Of those Pods; `undefined` when the budget does not depend on it. */
  readonly scale?: ExpectedScale;
  /** Why {@link scale} could not be found out. */
  readonly failure?: Error;
}

/** What to do about one budget. */
export interface BudgetPlan {
  /** `undefined` when the status is right. */
  readonly status?: PodDisruptionBudgetStatus;
  /** Pods that were evicted and are still there, not even being deleted. */
  readonly notDeleted: readonly Pod[];
  /** When the next eviction times out. */
  readonly requeueAfterMs?: number;
}

/** True when the size of the owners matters: the budget is a share, or counts from the top. */
export function dependsOnScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === "string";
}

/** Computes the status of a budget; without any certainty nothing may be disrupted. */
export function planBudget(observed: ObservedBudget, nowMs: number): BudgetPlan {
  const { budget, pods, failure } = observed;
  if (failure !== undefined) return { ...changed(budget, failedStatus(budget, failure, nowMs)), notDeleted: [] };
  const { disruptedPods, notDeleted, nextMs } = pendingEvictions(budget, pods, nowMs);
  const { expectedPods, desiredHealthy } = expectations(observed);
  const currentHealthy = pods.filter(
    (pod) => pod.metadata?.deletionTimestamp === undefined && disruptedPods[pod.metadata?.name ?? ""] === undefined && isPodReady(pod),
  ).length;
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const isAllowed = disruptionsAllowed > 0;
  const observedGeneration = budget.metadata?.generation;
  const condition: Condition = {
    type: CONDITION,
    status: isAllowed ? "True" : "False",
    reason: isAllowed ? "SufficientPods" : "InsufficientPods",
    message: "",
    observedGeneration,
    lastTransitionTime: formatTime(nowMs),
  };
  const status: PodDisruptionBudgetStatus = {
    currentHealthy,
    desiredHealthy,
    expectedPods,
    disruptionsAllowed,
    ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
    observedGeneration,
    conditions: withDisruptionAllowed(budget, condition),
  };
  const requeueAfterMs = nextMs === undefined ? undefined : Math.max(1, nextMs - nowMs);
  return { ...changed(budget, status), notDeleted, requeueAfterMs };
}

function changed({ status }: PodDisruptionBudget, next: PodDisruptionBudgetStatus): Pick<BudgetPlan, "status"> {
  return sameJson(status, next) ? {} : { status: next };
}

function expectations({ budget, pods, scale }: ObservedBudget): { expectedPods: number; desiredHealthy: number } {
  const { maxUnavailable, minAvailable } = budget.spec ?? {};
  const expected = scale?.expected ?? 0;
  if (maxUnavailable !== undefined) {
    const desiredHealthy = Math.max(0, expected - resolveIntOrPercent(maxUnavailable, expected, "up"));
    return { expectedPods: expected, desiredHealthy };
  }
  if (typeof minAvailable === "string") {
    return { expectedPods: expected, desiredHealthy: resolveIntOrPercent(minAvailable, expected, "up") };
  }
  return minAvailable === undefined ? { expectedPods: 0, desiredHealthy: 0 } : { expectedPods: pods.length, desiredHealthy: minAvailable };
}

/** Evictions that the API server has allowed and that no deletion shows yet. */
function pendingEvictions({ status }: PodDisruptionBudget, pods: readonly Pod[], nowMs: number) {
  const disruptedPods: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let nextMs: number | undefined;
  for (const pod of pods) {
    const { name = "", deletionTimestamp } = pod.metadata ?? {};
    const since = status?.disruptedPods?.[name];
    if (since === undefined || deletionTimestamp !== undefined) continue;
    const untilMs = (parseTime(since) ?? 0) + DELETION_TIMEOUT_MS;
    if (untilMs < nowMs) {
      notDeleted.push(pod);
      continue;
    }
    disruptedPods[name] = since;
    // One millisecond later the time is over.
    nextMs = Math.min(nextMs ?? Infinity, untilMs + 1);
  }
  return { disruptedPods, notDeleted, nextMs };
}

/** Leaves the counts as they are and allows nothing. */
function failedStatus(budget: PodDisruptionBudget, failure: Error, nowMs: number): PodDisruptionBudgetStatus {
  const condition: Condition = {
    type: CONDITION,
    status: "False",
    reason: "SyncFailed",
    message: failure.message,
    observedGeneration: budget.status?.observedGeneration,
    lastTransitionTime: formatTime(nowMs),
  };
  return { ...budget.status, disruptionsAllowed: 0, conditions: withDisruptionAllowed(budget, condition) };
}

function withDisruptionAllowed({ status }: PodDisruptionBudget, condition: Condition): Condition[] {
  const present = conditionOf(status?.conditions, CONDITION);
  const lastTransitionTime = present?.status === condition.status ? present.lastTransitionTime : condition.lastTransitionTime;
  const next = { ...condition, lastTransitionTime };
  if (present === undefined) return [...(status?.conditions ?? []), next];
  return (status?.conditions ?? []).map((other) => (other === present ? next : other));
}
