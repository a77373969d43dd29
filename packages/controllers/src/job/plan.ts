import { formatTime, parseTime } from "@skiff/base";
import type { Job, JobCondition, JobStatus, Pod, UncountedTerminatedPods } from "@skiff/api";
import { podsToDelete } from "../pods/pod-deletion-order.ts";
import { isPodActive, isPodReady, isPodTerminating } from "../pods/pod-state.ts";
import { sameJson } from "../same-json.ts";
import { conditionOf } from "../status-conditions.ts";
import { formatIndexes, parseIndexes } from "./indexes.ts";
import { finishedAtMs, indexOf, INDEX_FAILURES_ANNOTATION, isTracked } from "./job-pods.ts";
import { judgeFailure } from "./pod-failure-policy.ts";

/** At most so many Pods are created or deleted, and so many ends counted, in one go. */
const BURST = 500;
const FIRST_BACK_OFF_MS = 10_000;
const LONGEST_BACK_OFF_MS = 600_000;

/** What there is to know about one Job. */
export interface ObservedJob {
  readonly job: Job;
  readonly pods: readonly Pod[];
  /** False while the cache may be behind our own writes: then no Pod is created or deleted. */
  readonly ownWritesVisible: boolean;
}

/** A Pod to create. */
interface PodToCreate {
  readonly index: number | undefined;
  readonly failuresOfIndex: number;
}

/** What to do, in this order; the status is written before finalizers go, so that no end is lost or counted twice. */
export interface JobPlan {
  readonly delete: readonly Pod[];
  readonly create: readonly PodToCreate[];
  /** Absent when the stored one is right. */
  readonly status?: JobStatus;
  /** Pods whose end is in the stored or planned status: they may go. */
  readonly release: readonly Pod[];
  readonly events: readonly { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string }[];
  readonly requeueAfterMs?: number;
}

/** True when the Job has ended. */
function isJobFinished({ status }: Job): boolean {
  return ["Complete", "Failed"].some((type) => conditionOf(status?.conditions, type)?.status === "True");
}

/** One step of a Job: counts Pods that ended, decides whether it is over, and otherwise keeps enough of them running. */
export function planJob(observed: ObservedJob, nowMs: number): JobPlan {
  if (isJobFinished(observed.job)) return { delete: [], create: [], release: observed.pods.filter(isTracked), events: [] };
  return new JobStep(observed, nowMs).plan();
}

interface Verdict {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

class JobStep {
  readonly #job: Job;
  readonly #spec: NonNullable<Job["spec"]>;
  readonly #observed: ObservedJob;
  readonly #nowMs: number;
  readonly #active: readonly Pod[];
  readonly #terminating: readonly Pod[];
  readonly #events: JobPlan["events"][number][] = [];
  readonly #completed: Set<number>;
  readonly #failedIndexes: Set<number>;
  readonly #uncounted = { succeeded: [] as string[], failed: [] as string[] };
  #succeeded: number;
  #failed: number;
  #policyFailure: string | undefined;
  #hasNewFailure = false;

  constructor(observed: ObservedJob, nowMs: number) {
    const { job, pods } = observed;
    this.#observed = observed;
    this.#job = job;
    this.#spec = job.spec ?? { template: {} };
    this.#nowMs = nowMs;
    this.#active = pods.filter(isPodActive);
    this.#terminating = pods.filter(isPodTerminating);
    this.#succeeded = job.status?.succeeded ?? 0;
    this.#failed = job.status?.failed ?? 0;
    this.#completed = parseIndexes(job.status?.completedIndexes, this.#completions ?? 0);
    this.#failedIndexes = parseIndexes(job.status?.failedIndexes, this.#completions ?? 0);
  }

  get #completions(): number | undefined {
    return this.#spec.completions;
  }

  get #isIndexed(): boolean {
    return this.#spec.completionMode === "Indexed";
  }

  plan(): JobPlan {
    const release = this.#countEnds();
    const verdict = this.#interimVerdict() ?? this.#judge();
    const isSuspended = this.#spec.suspend ?? false;
    const isDeleted = this.#job.metadata?.deletionTimestamp !== undefined;
    let create: readonly PodToCreate[] = [];
    let remove: readonly Pod[] = [];
    let requeueAfterMs = this.#msUntilDeadline();
    if (this.#observed.ownWritesVisible && !isDeleted) {
      const wanted = verdict !== undefined || isSuspended ? 0 : this.#wantedActive();
      if (this.#active.length > wanted) remove = this.#surplus(wanted);
      else if (verdict === undefined && !isSuspended) {
        const waitMs = this.#backOffMs();
        if (waitMs > 0) requeueAfterMs = Math.min(waitMs, requeueAfterMs ?? waitMs);
        else create = this.#missing(wanted);
      }
    }
    const isOver = verdict !== undefined && this.#active.length + this.#terminating.length === 0 && this.#uncountedCount() === 0;
    const status = this.#status(verdict, isOver);
    return {
      delete: remove,
      create,
      status: sameJson(status, this.#job.status) ? undefined : status,
      release,
      events: this.#events,
      requeueAfterMs: verdict === undefined ? requeueAfterMs : undefined,
    };
  }

  /**
   * Each end is counted in two steps: first the uid is written down, then the finalizer goes, and once it is gone the uid
   * becomes a number. Whatever is cut off in between, the next reconcile sees which step was reached.
   */
  #countEnds(): readonly Pod[] {
    const { pods } = this.#observed;
    const before: UncountedTerminatedPods = this.#job.status?.uncountedTerminatedPods ?? {};
    const tracked = new Map(pods.filter(isTracked).map((pod) => [pod.metadata?.uid ?? "", pod]));
    const settle = (uids: readonly string[] | undefined, kind: "succeeded" | "failed"): void => {
      for (const uid of uids ?? []) {
        if (tracked.has(uid)) this.#uncounted[kind].push(uid);
        else if (kind === "succeeded") this.#succeeded++;
        else this.#failed++;
      }
    };
    // Indexed Jobs count their successes by index.
    if (!this.#isIndexed) settle(before.succeeded, "succeeded");
    settle(before.failed, "failed");
    const known = new Set([...(before.succeeded ?? []), ...(before.failed ?? [])]);
    const release: Pod[] = [];
    for (const [uid, pod] of tracked) {
      if (known.has(uid)) release.push(pod);
      else if (release.length < BURST && this.#countEnd(uid, pod)) release.push(pod);
    }
    if (this.#isIndexed) this.#succeeded = this.#completed.size;
    return release;
  }

  /** Writes the end of a Pod down. False when it has not ended. */
  #countEnd(uid: string, pod: Pod): boolean {
    const index = indexOf(pod);
    if (pod.status?.phase === "Succeeded") {
      if (!this.#isIndexed) this.#uncounted.succeeded.push(uid);
      else if (index !== undefined && index < (this.#completions ?? 0)) this.#completed.add(index);
      return true;
    }
    if (!this.#hasFailed(pod)) return false;
    const { action, message } = judgeFailure(this.#job, pod);
    if (action === "FailJob") this.#policyFailure ??= message;
    if (index !== undefined && this.#spec.backoffLimitPerIndex !== undefined) {
      const failures = Number(pod.metadata?.annotations?.[INDEX_FAILURES_ANNOTATION] ?? 0);
      if (action === "FailIndex" || (action === "Count" && failures >= this.#spec.backoffLimitPerIndex)) this.#failedIndexes.add(index);
    }
    if (action !== "Ignore") {
      this.#uncounted.failed.push(uid);
      this.#hasNewFailure = true;
    }
    return true;
  }

  /** With `podReplacementPolicy: Failed` a Pod fails when it has ended; else already when it is being deleted. */
  #hasFailed(pod: Pod): boolean {
    if (pod.status?.phase === "Failed") return true;
    const waitsForEnd = this.#spec.podReplacementPolicy === "Failed" || this.#spec.podFailurePolicy !== undefined;
    return !waitsForEnd && pod.metadata?.deletionTimestamp !== undefined;
  }

  #uncountedCount(): number {
    return this.#uncounted.succeeded.length + this.#uncounted.failed.length;
  }

  /** The verdict that is on record already and waits for the last Pods to end. */
  #interimVerdict(): Verdict | undefined {
    const conditions = this.#job.status?.conditions;
    for (const [interim, type] of [
      ["FailureTarget", "Failed"],
      ["SuccessCriteriaMet", "Complete"],
    ] as const) {
      const condition = conditionOf(conditions, interim);
      if (condition?.status === "True") return { type, reason: condition.reason ?? "", message: condition.message ?? "" };
    }
    return undefined;
  }

  #judge(): Verdict | undefined {
    const failed = (reason: string, message: string): Verdict => ({ type: "Failed", reason, message });
    const allFailed = this.#failed + this.#uncounted.failed.length;
    if (this.#policyFailure !== undefined) return failed("PodFailurePolicy", this.#policyFailure);
    const limit = this.#spec.backoffLimit ?? 6;
    if ((this.#hasNewFailure && allFailed > limit) || this.#restartsExceed(limit)) {
      return failed("BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }
    const deadlineMs = this.#msUntilDeadline();
    if (deadlineMs !== undefined && deadlineMs <= 0) return failed("DeadlineExceeded", "Job was active longer than specified deadline");
    if (this.#isIndexed && this.#spec.backoffLimitPerIndex !== undefined) {
      if (this.#spec.maxFailedIndexes !== undefined && this.#failedIndexes.size > this.#spec.maxFailedIndexes) {
        return failed("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
      }
      if (this.#failedIndexes.size > 0 && this.#failedIndexes.size + this.#completed.size >= (this.#completions ?? 0)) {
        return failed("FailedIndexes", "Job has failed indexes");
      }
    }
    return this.#success();
  }

  #success(): Verdict | undefined {
    const succeeded = this.#isIndexed ? this.#completed.size : this.#succeeded + this.#uncounted.succeeded.length;
    const reached: Verdict = { type: "Complete", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" };
    for (const [index, rule] of (this.#spec.successPolicy?.rules ?? []).entries()) {
      const wanted = rule.succeededIndexes === undefined ? this.#completed : parseIndexes(rule.succeededIndexes, this.#completions ?? 0);
      const met = [...wanted].filter((one) => this.#completed.has(one)).length;
      if (met >= (rule.succeededCount ?? wanted.size) && met > 0) {
        return { type: "Complete", reason: "SuccessPolicy", message: `Matched rules at index ${index}` };
      }
    }
    if (this.#completions !== undefined) return succeeded >= this.#completions ? reached : undefined;
    // A work queue: one success means that the queue is empty; the others finish what they have.
    return succeeded > 0 && this.#active.length === 0 ? reached : undefined;
  }

  /** With `restartPolicy: OnFailure` containers restart in place, and each restart counts. */
  #restartsExceed(limit: number): boolean {
    if (this.#spec.template?.spec?.restartPolicy !== "OnFailure") return false;
    let restarts = 0;
    for (const { status } of this.#active) {
      for (const { restartCount } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
        restarts += restartCount;
    }
    return limit === 0 ? restarts > 0 : restarts >= limit;
  }

  #msUntilDeadline(): number | undefined {
    const { activeDeadlineSeconds, suspend } = this.#spec;
    const startMs = parseTime(this.#job.status?.startTime);
    if (activeDeadlineSeconds === undefined || suspend || startMs === undefined) return undefined;
    return startMs + activeDeadlineSeconds * 1000 - this.#nowMs;
  }

  #wantedActive(): number {
    const parallelism = this.#spec.parallelism ?? 1;
    const replacedLate = this.#spec.podReplacementPolicy === "Failed" || this.#spec.podFailurePolicy !== undefined;
    const held = replacedLate ? this.#terminating.length : 0;
    if (this.#completions === undefined) {
      const hasSuccess = this.#succeeded + this.#uncounted.succeeded.length > 0;
      return hasSuccess ? this.#active.length : Math.max(0, parallelism - held);
    }
    const succeeded = this.#isIndexed ? this.#completed.size : this.#succeeded + this.#uncounted.succeeded.length;
    return Math.max(0, Math.min(this.#completions - succeeded - this.#failedIndexes.size, parallelism) - held);
  }

  #surplus(wanted: number): readonly Pod[] {
    const count = Math.min(this.#active.length - wanted, BURST);
    if (!this.#isIndexed) return podsToDelete(this.#active, count, [], this.#nowMs);
    // Pods whose index is done, or that share it with another one, go before others.
    const seen = new Set<number>();
    const needless = this.#active.filter((pod) => {
      const index = indexOf(pod);
      const isNeedless = index === undefined || index >= (this.#completions ?? 0) || this.#completed.has(index) || seen.has(index);
      if (index !== undefined) seen.add(index);
      return isNeedless;
    });
    const rest = this.#active.filter((pod) => !needless.includes(pod));
    const more = Math.max(0, count - needless.length);
    return [...needless.slice(0, count), ...(more > 0 ? podsToDelete(rest, more, [], this.#nowMs) : [])];
  }

  #missing(wanted: number): readonly PodToCreate[] {
    const count = Math.min(wanted - this.#active.length, BURST);
    if (count <= 0) return [];
    if (!this.#isIndexed) return Array.from({ length: count }, () => ({ index: undefined, failuresOfIndex: 0 }));
    const taken = new Set([...this.#completed, ...this.#failedIndexes]);
    for (const pod of [...this.#active, ...this.#terminating]) taken.add(indexOf(pod) ?? -1);
    const create: PodToCreate[] = [];
    for (let index = 0; index < (this.#completions ?? 0) && create.length < count; index++) {
      if (!taken.has(index)) create.push({ index, failuresOfIndex: this.#failuresOf(index) });
    }
    return create;
  }

  /** How often an index has failed, by its Pods, each of which knows how often it had failed before. */
  #failuresOf(index: number): number {
    let failures = 0;
    for (const pod of this.#observed.pods) {
      if (indexOf(pod) !== index || pod.status?.phase !== "Failed" || judgeFailure(this.#job, pod).action === "Ignore") continue;
      failures = Math.max(failures, Number(pod.metadata?.annotations?.[INDEX_FAILURES_ANNOTATION] ?? 0) + 1);
    }
    return failures;
  }

  /** Failures in a row since the last success make the next Pod wait: 10 s, doubling up to 10 min. */
  #backOffMs(): number {
    const ends = (phase: string): number[] =>
      this.#observed.pods.filter(({ status }) => status?.phase === phase).map((pod) => finishedAtMs(pod) ?? this.#nowMs);
    const lastSuccessMs = Math.max(Number.NEGATIVE_INFINITY, ...ends("Succeeded"));
    const failures = ends("Failed").filter((endMs) => endMs > lastSuccessMs);
    if (failures.length === 0) return 0;
    const delayMs = Math.min(FIRST_BACK_OFF_MS * 2 ** (failures.length - 1), LONGEST_BACK_OFF_MS);
    return Math.max(0, Math.max(...failures) + delayMs - this.#nowMs);
  }

  #status(verdict: Verdict | undefined, isOver: boolean): JobStatus {
    const before = this.#job.status ?? {};
    const isSuspended = this.#spec.suspend ?? false;
    const present = (name: keyof JobStatus, value: number): JobStatus => (value > 0 ? { [name]: value } : {});
    const { succeeded, failed } = this.#uncounted;
    const uncounted: UncountedTerminatedPods = { ...(succeeded.length > 0 ? { succeeded } : {}), ...(failed.length > 0 ? { failed } : {}) };
    const conditions = this.#conditions(verdict, isOver);
    const wasSuspended = conditionOf(before.conditions, "Suspended")?.status === "True";
    // The clock of the deadline starts again when a Job is resumed.
    const startTime = isSuspended
      ? before.startTime
      : wasSuspended || before.startTime === undefined
        ? formatTime(this.#nowMs)
        : before.startTime;
    return {
      ...(conditions.length > 0 ? { conditions: [...conditions] } : {}),
      ...(startTime && !(isSuspended && wasSuspended) ? { startTime } : {}),
      ...(isOver && verdict?.type === "Complete" ? { completionTime: formatTime(this.#nowMs) } : {}),
      ...present("active", this.#active.length),
      terminating: this.#terminating.length,
      ...present("succeeded", this.#succeeded),
      ...present("failed", this.#failed),
      ready: this.#active.filter(isPodReady).length,
      ...(this.#isIndexed && this.#completed.size > 0 ? { completedIndexes: formatIndexes(this.#completed) } : {}),
      ...(this.#spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexes(this.#failedIndexes) }),
      uncountedTerminatedPods: uncounted,
    };
  }

  #conditions(verdict: Verdict | undefined, isOver: boolean): readonly JobCondition[] {
    let conditions: readonly JobCondition[] = this.#job.status?.conditions ?? [];
    const set = (type: string, status: "True" | "False", reason: string, message: string): void => {
      const now = formatTime(this.#nowMs);
      const present = conditionOf(conditions, type);
      if (present?.status === status) return;
      const next = { type, status, reason, message, lastProbeTime: now, lastTransitionTime: now };
      conditions = present === undefined ? [...conditions, next] : conditions.map((other) => (other === present ? next : other));
    };
    const wasSuspended = conditionOf(conditions, "Suspended")?.status === "True";
    if (verdict === undefined) {
      if (this.#spec.suspend && !wasSuspended) {
        set("Suspended", "True", "JobSuspended", "Job suspended");
        this.#events.push({ type: "Normal", reason: "Suspended", message: "Job suspended" });
      } else if (!this.#spec.suspend && wasSuspended) {
        set("Suspended", "False", "JobResumed", "Job resumed");
        this.#events.push({ type: "Normal", reason: "Resumed", message: "Job resumed" });
      }
      return conditions;
    }
    const { type, reason, message } = verdict;
    set(type === "Failed" ? "FailureTarget" : "SuccessCriteriaMet", "True", reason, message);
    if (isOver) {
      set(type, "True", reason, message);
      if (type === "Complete") this.#events.push({ type: "Normal", reason: "Completed", message: "Job completed" });
      else this.#events.push({ type: "Warning", reason, message });
    }
    return conditions;
  }
}
