import type { Deployment, DeploymentCondition, DeploymentStatus, Pod, ReplicaSet } from "@skiff/api";
import type { Claims } from "@skiff/controller-kit";
import { isPodFinished } from "../pods/pod-state.ts";
import { sameJson } from "../same-json.ts";
import { conditionOf } from "../status-conditions.ts";
import {
  calculateStatus,
  hasProgressDeadline,
  isComplete,
  msUntilDeadline,
  progressing,
  rolloutStatus,
  setCondition,
} from "./deployment-status.ts";
import {
  findNewReplicaSet,
  newReplicaSet,
  refreshedReplicaSet,
  REVISION,
  revisionAfter,
  revisionOf,
  scaleAnnotations,
} from "./revision.ts";
import {
  allOf,
  desiredReplicas,
  isRollingUpdate,
  isScalingEvent,
  maxSurge,
  newReplicaSetSize,
  rollingStep,
  scaleStep,
  sizeOf,
  totalSize,
  type ReplicaSets,
  type Sizes,
} from "./scaling.ts";

const KEEP_ALL_REVISIONS = 2_147_483_647;

/** What there is to know about one Deployment. */
export interface ObservedDeployment {
  readonly deployment: Deployment;
  readonly claims: Claims<ReplicaSet>;
  /** The Pods that a ReplicaSet manages. */
  readonly podsOf: (replicaSet: ReplicaSet) => readonly Pod[];
}

/** A change of a ReplicaSet. */
export interface ReplicaSetChange {
  readonly before: ReplicaSet;
  readonly after: ReplicaSet;
}

/** What to do about a Deployment, in this order. */
export interface DeploymentPlan {
  /** The ReplicaSet of a template that has none yet. */
  readonly create?: ReplicaSet;
  readonly change: readonly ReplicaSetChange[];
  /** Old ReplicaSets beyond the history limit. */
  readonly delete: readonly ReplicaSet[];
  /** The revision that the Deployment's annotation must show, when it does not. */
  readonly revision?: string;
  /** Absent when the stored one is right. */
  readonly status?: DeploymentStatus;
  readonly requeueAfterMs?: number;
}

/**
 * One step towards the wanted state. A step never counts on another one of the same plan: after each write the change
 * of the ReplicaSet wakes the controller again, and the next step starts from what was really stored.
 */
export function planDeployment(observed: ObservedDeployment, nowMs: number): DeploymentPlan {
  const { deployment, claims } = observed;
  const replicaSets = [...claims.owned, ...claims.adopt];
  const newOne = findNewReplicaSet(deployment, replicaSets);
  const sets: ReplicaSets = { newOne, old: replicaSets.filter((replicaSet) => replicaSet !== newOne) };
  const step = new Step(observed, sets, nowMs);
  if (deployment.metadata?.deletionTimestamp !== undefined) return step.finish(false);
  if (deployment.spec?.paused || isScalingEvent(deployment, sets)) return step.scaleOnly();
  return isRollingUpdate(deployment) ? step.rollOver() : step.recreate();
}

class Step {
  readonly #observed: ObservedDeployment;
  readonly #deployment: Deployment;
  readonly #sets: ReplicaSets;
  readonly #nowMs: number;
  readonly #revision: bigint;
  #conditions: readonly DeploymentCondition[];
  #create: ReplicaSet | undefined;
  #delete: readonly ReplicaSet[] = [];
  #refreshed: ReplicaSet | undefined;
  #sizes: Sizes = new Map();

  constructor(observed: ObservedDeployment, sets: ReplicaSets, nowMs: number) {
    this.#observed = observed;
    this.#deployment = observed.deployment;
    this.#sets = sets;
    this.#nowMs = nowMs;
    this.#revision = revisionAfter(sets.old);
    this.#conditions = pausedConditions(this.#deployment, nowMs);
  }

  /** Paused, or the scale has changed: nothing of the roll-out itself moves. */
  scaleOnly(): DeploymentPlan {
    if (this.#sets.newOne !== undefined) this.#refresh(this.#sets.newOne);
    this.#sizes = scaleStep(this.#deployment, this.#sets);
    if (this.#deployment.spec?.paused) this.#delete = expired(this.#deployment, this.#sets.old);
    return this.finish(false);
  }

  rollOver(): DeploymentPlan {
    if (this.#ensureNew()) this.#sizes = rollingStep(this.#deployment, this.#sets);
    return this.#finishRollout();
  }

  /** All old Pods must be gone before the first new one is made. */
  recreate(): DeploymentPlan {
    const old = this.#sets.old.filter((replicaSet) => sizeOf(replicaSet) > 0);
    if (this.#sets.newOne !== undefined) this.#refresh(this.#sets.newOne);
    if (old.length > 0) this.#sizes = new Map(old.map((replicaSet) => [replicaSet, 0]));
    else if (!this.#oldPodsRun() && this.#ensureNew()) {
      const { newOne } = this.#sets;
      const desired = desiredReplicas(this.#deployment);
      if (newOne !== undefined && sizeOf(newOne) !== desired) this.#sizes = new Map([[newOne, desired]]);
    }
    return this.#finishRollout();
  }

  #oldPodsRun(): boolean {
    return this.#sets.old.some(
      (replicaSet) => (replicaSet.status?.replicas ?? 0) > 0 || this.#observed.podsOf(replicaSet).some((pod) => !isPodFinished(pod)),
    );
  }

  /** True when the ReplicaSet of the template is there; else it is planned. */
  #ensureNew(): boolean {
    const deployment = this.#deployment;
    if (this.#sets.newOne !== undefined) {
      this.#refresh(this.#sets.newOne);
      return true;
    }
    const size = newReplicaSetSize(deployment, totalSize(this.#sets.old), 0);
    this.#create = newReplicaSet(deployment, this.#revision, size, desiredReplicas(deployment) + maxSurge(deployment));
    if (hasProgressDeadline(deployment)) {
      const message = `Created new replica set ${JSON.stringify(this.#create.metadata?.name)}`;
      this.#conditions = setCondition(this.#conditions, progressing("True", "NewReplicaSetCreated", message), this.#nowMs);
    }
    return false;
  }

  #refresh(newOne: ReplicaSet): void {
    this.#refreshed = refreshedReplicaSet(this.#deployment, newOne, this.#revision);
    // A Deployment that adopted its ReplicaSet, or whose status was lost, has no word on progress yet.
    if (hasProgressDeadline(this.#deployment) && conditionOf(this.#conditions, "Progressing") === undefined) {
      const message = `Found new replica set ${JSON.stringify(newOne.metadata?.name)}`;
      this.#conditions = setCondition(this.#conditions, progressing("True", "FoundNewReplicaSet", message), this.#nowMs);
    }
  }

  #finishRollout(): DeploymentPlan {
    const status = calculateStatus(this.#deployment, this.#sets, this.#conditions, this.#nowMs);
    if (this.#sizes.size === 0 && isComplete(this.#deployment, status)) this.#delete = expired(this.#deployment, this.#sets.old);
    return this.finish(true);
  }

  finish(isRollout: boolean): DeploymentPlan {
    const deployment = this.#deployment;
    const compute = isRollout ? rolloutStatus : calculateStatus;
    const status = compute(deployment, this.#sets, this.#conditions, this.#nowMs);
    const changed = !sameJson(status, deployment.status);
    const owner = this.#create ?? this.#refreshed;
    const revision = owner?.metadata?.annotations?.[REVISION];
    return {
      create: this.#create,
      change: this.#changes(),
      delete: this.#delete,
      revision: revision !== deployment.metadata?.annotations?.[REVISION] ? revision : undefined,
      status: changed ? status : undefined,
      requeueAfterMs: isRollout ? msUntilDeadline(deployment, status, this.#nowMs) : undefined,
    };
  }

  #changes(): readonly ReplicaSetChange[] {
    const changes: ReplicaSetChange[] = [];
    const annotations = scaleAnnotations(desiredReplicas(this.#deployment), desiredReplicas(this.#deployment) + maxSurge(this.#deployment));
    for (const before of allOf(this.#sets)) {
      let after = before === this.#sets.newOne ? (this.#refreshed ?? before) : before;
      const size = this.#sizes.get(before);
      if (size !== undefined) after = scaled(after, size, annotations);
      if (after !== before) changes.push({ before, after });
    }
    return changes;
  }
}

function scaled(replicaSet: ReplicaSet, size: number, annotations: Readonly<Record<string, string>>): ReplicaSet {
  const present = replicaSet.metadata?.annotations ?? {};
  const annotated = Object.entries(annotations).every(([name, value]) => present[name] === value);
  if (annotated && sizeOf(replicaSet) === size) return replicaSet;
  return {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations: { ...present, ...annotations } },
    spec: replicaSet.spec && { ...replicaSet.spec, replicas: size },
  };
}

/** The conditions with a word on pausing and resuming, which also restarts the clock of the progress deadline. */
function pausedConditions(deployment: Deployment, nowMs: number): readonly DeploymentCondition[] {
  const conditions = deployment.status?.conditions ?? [];
  const current = conditionOf(conditions, "Progressing");
  const isDeleted = deployment.metadata?.deletionTimestamp !== undefined;
  if (isDeleted || !hasProgressDeadline(deployment) || current?.reason === "ProgressDeadlineExceeded") return conditions;
  const wasPaused = current?.reason === "DeploymentPaused";
  const isPaused = deployment.spec?.paused ?? false;
  if (isPaused && !wasPaused) return setCondition(conditions, progressing("Unknown", "DeploymentPaused", "Deployment is paused"), nowMs);
  if (!isPaused && wasPaused) return setCondition(conditions, progressing("Unknown", "DeploymentResumed", "Deployment is resumed"), nowMs);
  return conditions;
}

/** The oldest of the old ReplicaSets beyond the history limit; ones that still have Pods, or whose news is not in yet, stay. */
function expired(deployment: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10;
  if (limit === KEEP_ALL_REVISIONS) return [];
  const alive = old.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  const beyond = alive.sort((a, b) => (revisionOf(a) < revisionOf(b) ? -1 : 1)).slice(0, Math.max(0, alive.length - limit));
  return beyond.filter(
    ({ metadata, spec, status }) =>
      (status?.replicas ?? 0) === 0 && (spec?.replicas ?? 1) === 0 && (metadata?.generation ?? 0) <= (status?.observedGeneration ?? 0),
  );
}
