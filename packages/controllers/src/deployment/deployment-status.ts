import { formatTime, parseTime } from "@skiff/base";
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "@skiff/api";
import { conditionOf } from "../status-conditions.ts";
import { allOf, desiredReplicas, maxUnavailable, totalSize, type ReplicaSets } from "./scaling.ts";

/** Kubernetes' own value for "no deadline". */
const NO_DEADLINE = 2_147_483_647;

/** A condition without its times. */
interface ConditionState {
  readonly type: "Available" | "Progressing" | "ReplicaFailure";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

type Conditions = readonly DeploymentCondition[];

/** Puts a condition at the end in place of the one of its type, unless status and reason are the same already. */
export function setCondition(conditions: Conditions, state: ConditionState, nowMs: number): Conditions {
  const present = conditionOf(conditions, state.type);
  if (present?.status === state.status && present.reason === state.reason) return conditions;
  return replaceCondition(conditions, state, nowMs);
}

/** The same, but also when only time has passed: `lastUpdateTime` says when there was progress last. */
function replaceCondition(conditions: Conditions, state: ConditionState, nowMs: number): Conditions {
  const present = conditionOf(conditions, state.type);
  const now = formatTime(nowMs);
  const lastTransitionTime = present?.status === state.status ? present.lastTransitionTime : now;
  return [...dropCondition(conditions, state.type), { ...state, lastUpdateTime: now, lastTransitionTime }];
}

function dropCondition(conditions: Conditions, type: string): Conditions {
  return conditions.filter((condition) => condition.type !== type);
}

export function progressing(status: ConditionState["status"], reason: string, message: string): ConditionState {
  return { type: "Progressing", status, reason, message };
}

export function hasProgressDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== NO_DEADLINE;
}

/** The counts and the `Available` condition. `conditions` are those to start from. */
export function calculateStatus(deployment: Deployment, sets: ReplicaSets, conditions: Conditions, nowMs: number): DeploymentStatus {
  const all = allOf(sets);
  const count = (of: (status: NonNullable<ReplicaSet["status"]>) => number | undefined, list = all): number =>
    list.reduce((total, { status }) => total + ((status && of(status)) ?? 0), 0);
  const available = count((status) => status.availableReplicas);
  const enough = available >= desiredReplicas(deployment) - maxUnavailable(deployment);
  const state: ConditionState = enough
    ? { type: "Available", status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
    : {
        type: "Available",
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
  const present = (name: keyof DeploymentStatus, value: number): DeploymentStatus => (value > 0 ? { [name]: value } : {});
  const { collisionCount } = deployment.status ?? {};
  return {
    observedGeneration: deployment.metadata?.generation,
    ...present(
      "replicas",
      count((status) => status.replicas),
    ),
    ...present("updatedReplicas", sets.newOne?.status?.replicas ?? 0),
    ...present(
      "readyReplicas",
      count((status) => status.readyReplicas),
    ),
    ...present("availableReplicas", available),
    ...present("unavailableReplicas", Math.max(0, totalSize(all) - available)),
    terminatingReplicas: count((status) => status.terminatingReplicas),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: [...setCondition(conditions, state, nowMs)],
  };
}

/** True when every Pod is of the new template and available. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredReplicas(deployment);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

function hasProgressed(deployment: Deployment, status: DeploymentStatus): boolean {
  const before = deployment.status ?? {};
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas;
  return (
    (status.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(status) < old(before) ||
    (status.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function hasTimedOut(deployment: Deployment, condition: DeploymentCondition | undefined, nowMs: number): boolean {
  if (condition === undefined || condition.reason === "NewReplicaSetAvailable") return false;
  if (condition.reason === "ProgressDeadlineExceeded") return true;
  const fromMs = parseTime(condition.lastUpdateTime) ?? nowMs;
  return nowMs > fromMs + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000;
}

/** The status during and after a roll-out: counts, progress against the deadline, and failures of the ReplicaSets. */
export function rolloutStatus(deployment: Deployment, sets: ReplicaSets, conditions: Conditions, nowMs: number): DeploymentStatus {
  const status = calculateStatus(deployment, sets, conditions, nowMs);
  let next: Conditions = status.conditions ?? [];
  const current = conditionOf(conditions, "Progressing");
  const wasComplete = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === "NewReplicaSetAvailable";
  if (!hasProgressDeadline(deployment)) next = dropCondition(next, "Progressing");
  else if (!wasComplete) next = withProgress(deployment, sets, status, next, nowMs);
  const failure = replicaFailure(sets);
  next = failure === undefined ? dropCondition(next, "ReplicaFailure") : setCondition(next, failure, nowMs);
  return { ...status, conditions: [...next] };
}

function withProgress(
  deployment: Deployment,
  sets: ReplicaSets,
  status: DeploymentStatus,
  conditions: Conditions,
  nowMs: number,
): Conditions {
  const subject = sets.newOne
    ? `ReplicaSet ${JSON.stringify(sets.newOne.metadata?.name)}`
    : `Deployment ${JSON.stringify(deployment.metadata?.name)}`;
  if (isComplete(deployment, status)) {
    return setCondition(conditions, progressing("True", "NewReplicaSetAvailable", `${subject} has successfully progressed.`), nowMs);
  }
  if (hasProgressed(deployment, status)) {
    return replaceCondition(conditions, progressing("True", "ReplicaSetUpdated", `${subject} is progressing.`), nowMs);
  }
  if (hasTimedOut(deployment, conditionOf(conditions, "Progressing"), nowMs)) {
    return setCondition(conditions, progressing("False", "ProgressDeadlineExceeded", `${subject} has timed out progressing.`), nowMs);
  }
  return conditions;
}

function replicaFailure({ newOne, old }: ReplicaSets): ConditionState | undefined {
  for (const replicaSet of newOne === undefined ? old : [newOne, ...old]) {
    const condition = conditionOf(replicaSet.status?.conditions, "ReplicaFailure");
    if (condition !== undefined) {
      const { status, reason = "", message = "" } = condition;
      return { type: "ReplicaFailure", status: status as ConditionState["status"], reason, message };
    }
  }
  return undefined;
}

/** When the deadline will have passed without progress; `undefined` when nothing is awaited. */
export function msUntilDeadline(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const condition = conditionOf(status.conditions, "Progressing");
  if (!hasProgressDeadline(deployment) || condition === undefined) return undefined;
  if (isComplete(deployment, status) || condition.reason === "ProgressDeadlineExceeded" || condition.reason === "NewReplicaSetAvailable")
    return undefined;
  const fromMs = parseTime(condition.lastUpdateTime) ?? nowMs;
  // One second more, as times in conditions are rounded down to seconds.
  return Math.max(0, fromMs + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000 - nowMs) + 1000;
}
