import { statefulSetKind, type ControllerRevision, type Pod, type StatefulSet, type StatefulSetStatus } from "@skiff/api";
import type { Claims } from "@skiff/controller-kit";
import { resolveIntOrPercent } from "../int-or-percent.ts";
import { isPodFinished, isPodReady, msUntilAvailable } from "../pods/pod-state.ts";
import { expiredRevisions, planRevision, type RevisionPlan } from "../revisions/controller-revisions.ts";
import { sameJson } from "../same-json.ts";
import { ordinalOf, revisionOf } from "./stateful-pods.ts";

/** What there is to know about one StatefulSet. */
export interface ObservedStatefulSet {
  readonly set: StatefulSet;
  readonly claims: Claims<Pod>;
  readonly history: readonly ControllerRevision[];
  readonly ownWritesVisible: boolean;
}

/** What to do. In an ordered set at most one Pod is created or deleted at a time. */
export interface StatefulSetPlan {
  readonly revision: RevisionPlan;
  readonly create: readonly { readonly ordinal: number; readonly revision: ControllerRevision }[];
  readonly delete: readonly Pod[];
  /** Those among the deleted that ended by themselves and come back. */
  readonly recreated: readonly Pod[];
  readonly expired: readonly ControllerRevision[];
  readonly status?: StatefulSetStatus;
  readonly requeueAfterMs?: number;
}

/** The range of ordinals that the set wants. */
export function wantedOrdinals(set: StatefulSet): { readonly first: number; readonly end: number } {
  const first = set.spec?.ordinals?.start ?? 0;
  return { first, end: first + (set.spec?.replicas ?? 1) };
}

/** One step: first every wanted Pod is there and well, then those beyond go, then old ones are replaced from the end. */
export function planStatefulSet(observed: ObservedStatefulSet, nowMs: number): StatefulSetPlan {
  return new StatefulStep(observed, nowMs).plan();
}

class StatefulStep {
  readonly #observed: ObservedStatefulSet;
  readonly #set: StatefulSet;
  readonly #nowMs: number;
  readonly #revision: RevisionPlan;
  readonly #update: ControllerRevision;
  readonly #current: ControllerRevision;
  readonly #pods = new Map<number, Pod>();
  readonly #create: { ordinal: number; revision: ControllerRevision }[] = [];
  readonly #delete: Pod[] = [];
  readonly #recreated: Pod[] = [];
  #requeueAfterMs: number | undefined;

  constructor(observed: ObservedStatefulSet, nowMs: number) {
    const { set, claims, history } = observed;
    this.#observed = observed;
    this.#set = set;
    this.#nowMs = nowMs;
    this.#revision = planRevision(statefulSetKind, set, set.spec?.template, history, set.status?.collisionCount);
    this.#update = this.#revision.current;
    this.#current = history.find(({ metadata }) => metadata?.name === set.status?.currentRevision) ?? this.#update;
    for (const pod of [...claims.owned, ...claims.adopt]) {
      const ordinal = ordinalOf(set, pod);
      if (ordinal !== undefined) this.#pods.set(ordinal, pod);
    }
  }

  get #isOrdered(): boolean {
    return this.#set.spec?.podManagementPolicy !== "Parallel";
  }

  plan(): StatefulSetPlan {
    const { history, ownWritesVisible } = this.#observed;
    const isDeleted = this.#set.metadata?.deletionTimestamp !== undefined;
    if (ownWritesVisible && !isDeleted && this.#fillUp() && this.#shrink()) this.#roll();
    const status = this.#status();
    const inUse = new Set([this.#update, this.#current].map(({ metadata }) => metadata?.name ?? ""));
    for (const pod of this.#pods.values()) inUse.add(revisionOf(pod) ?? "");
    return {
      revision: this.#revision,
      create: this.#create,
      delete: this.#delete,
      recreated: this.#recreated,
      expired: expiredRevisions(history, inUse, this.#set.spec?.revisionHistoryLimit ?? 10),
      status: sameJson(status, this.#set.status) ? undefined : status,
      requeueAfterMs: this.#requeueAfterMs,
    };
  }

  #isTerminating(pod: Pod): boolean {
    return pod.metadata?.deletionTimestamp !== undefined;
  }

  #isAvailable(pod: Pod): boolean {
    const waitMs = pod.status?.phase === "Running" ? msUntilAvailable(pod, this.#set.spec?.minReadySeconds ?? 0, this.#nowMs) : undefined;
    if (waitMs !== undefined && waitMs > 0) this.#requeueAfterMs = Math.min(waitMs, this.#requeueAfterMs ?? waitMs);
    return waitMs === 0;
  }

  #isHealthy(pod: Pod | undefined): boolean {
    return pod !== undefined && !this.#isTerminating(pod) && this.#isAvailable(pod);
  }

  /** Makes what is missing and replaces what has ended. False when an ordered set must wait before it does anything else. */
  #fillUp(): boolean {
    const { first, end } = wantedOrdinals(this.#set);
    for (let ordinal = first; ordinal < end; ordinal++) {
      const pod = this.#pods.get(ordinal);
      if (pod === undefined) this.#create.push({ ordinal, revision: this.#revisionFor(ordinal) });
      else if (isPodFinished(pod) && !this.#isTerminating(pod)) {
        this.#delete.push(pod);
        this.#recreated.push(pod);
      } else if (this.#isHealthy(pod)) continue;
      if (this.#isOrdered) return false;
    }
    return true;
  }

  /** During a partitioned update, ordinals below the partition keep the old revision. */
  #revisionFor(ordinal: number): ControllerRevision {
    const { type = "RollingUpdate", rollingUpdate } = this.#set.spec?.updateStrategy ?? {};
    const isBelow = type === "RollingUpdate" && ordinal < wantedOrdinals(this.#set).first + (rollingUpdate?.partition ?? 0);
    return isBelow ? this.#current : this.#update;
  }

  /**
   * Deletes Pods beyond the wanted ones, the highest first. False when an ordered set must wait: for the Pod that goes, and
   * with one that is unwell for as long as one below it is unwell too.
   */
  #shrink(): boolean {
    const { first, end } = wantedOrdinals(this.#set);
    const beyond = [...this.#pods].filter(([ordinal]) => ordinal < first || ordinal >= end).sort(([a], [b]) => b - a);
    const lowestUnwell = beyond.findLast(([, pod]) => !this.#isHealthy(pod))?.[1];
    for (const [, pod] of beyond) {
      const mustWait = this.#isOrdered && pod !== lowestUnwell && !this.#isHealthy(pod);
      if (!this.#isTerminating(pod) && !mustWait) this.#delete.push(pod);
      if (this.#isOrdered) return false;
    }
    return true;
  }

  /** Replaces Pods of older revisions from the highest ordinal down, as long as few enough are unavailable. */
  #roll(): void {
    const { type = "RollingUpdate", rollingUpdate } = this.#set.spec?.updateStrategy ?? {};
    if (type !== "RollingUpdate") return;
    const { first, end } = wantedOrdinals(this.#set);
    let room = Math.max(1, resolveIntOrPercent(rollingUpdate?.maxUnavailable ?? 1, this.#set.spec?.replicas ?? 1, "up"));
    for (let ordinal = end - 1; ordinal >= first + (rollingUpdate?.partition ?? 0) && room > 0; ordinal--) {
      const pod = this.#pods.get(ordinal);
      if (pod === undefined || this.#delete.includes(pod)) room--;
      else if (!this.#isTerminating(pod) && revisionOf(pod) !== this.#update.metadata?.name) {
        this.#delete.push(pod);
        room--;
      } else if (!this.#isHealthy(pod)) room--;
    }
  }

  #status(): StatefulSetStatus {
    const updateName = this.#update.metadata?.name;
    const currentName = this.#current.metadata?.name;
    const pods = [...this.#pods.values()];
    const count = (fits: (pod: Pod) => boolean): number => pods.filter(fits).length;
    const isRunning = (pod: Pod): boolean => pod.status?.phase === "Running";
    const replicas = pods.length;
    const ready = count((pod) => isRunning(pod) && isPodReady(pod));
    const updated = count((pod) => !this.#isTerminating(pod) && revisionOf(pod) === updateName);
    const current = count((pod) => !this.#isTerminating(pod) && revisionOf(pod) === currentName);
    const isRolling = (this.#set.spec?.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate";
    const isComplete = isRolling && updated === replicas && ready === replicas && replicas === (this.#set.spec?.replicas ?? 1);
    const present = (name: keyof StatefulSetStatus, value: number): Partial<StatefulSetStatus> => (value > 0 ? { [name]: value } : {});
    const { conditions, collisionCount = 0 } = this.#set.status ?? {};
    return {
      observedGeneration: this.#set.metadata?.generation,
      replicas,
      ...present("readyReplicas", ready),
      availableReplicas: count((pod) => isRunning(pod) && isPodReady(pod) && this.#isAvailable(pod)),
      ...present("currentReplicas", isComplete ? updated : current),
      ...present("updatedReplicas", updated),
      currentRevision: isComplete ? updateName : currentName,
      updateRevision: updateName,
      collisionCount,
      ...(conditions ? { conditions } : {}),
    };
  }
}
