import { formatTime, parseTime } from "@skiff/base";
import {
  CronScheduleError,
  cronJobKind,
  jobKind,
  parseCronSchedule,
  type CronJob,
  type CronJobStatus,
  type CronSchedule,
  type Job,
} from "@skiff/api";
import { controllerRefTo } from "@skiff/controller-kit";
import { referenceTo } from "@skiff/client";
import { sameJson } from "../same-json.ts";
import { conditionOf } from "../status-conditions.ts";

/** More starts missed than this is a sign of a wrong clock or a controller that was away for long. */
const MANY_MISSED = 100;
const SCHEDULED_ANNOTATION = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/** What there is to know about one CronJob. */
export interface ObservedCronJob {
  readonly cronJob: CronJob;
  /** Those that it manages. */
  readonly jobs: readonly Job[];
}

/** A line for the user. */
interface CronJobEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** What to do: first deletions, then the new Job, then the status. */
export interface CronJobPlan {
  readonly delete: readonly Job[];
  readonly create?: Job;
  /** Without the Job that is to be created; absent when the stored one is right and none is. */
  readonly status?: CronJobStatus;
  readonly events: readonly CronJobEvent[];
  readonly requeueAfterMs?: number;
}

function endOf(job: Job): "Complete" | "Failed" | undefined {
  for (const type of ["Complete", "Failed"] as const) if (conditionOf(job.status?.conditions, type)?.status === "True") return type;
  return undefined;
}

/** Starts a Job when one is due, and cleans up after those that ended. */
export function planCronJob({ cronJob, jobs }: ObservedCronJob, nowMs: number): CronJobPlan {
  const events: CronJobEvent[] = [];
  const status = currentStatus(cronJob, jobs, events);
  const expired = [
    ...surplus(jobs, "Complete", cronJob.spec?.successfulJobsHistoryLimit),
    ...surplus(jobs, "Failed", cronJob.spec?.failedJobsHistoryLimit),
  ];
  const settled = (more: Partial<CronJobPlan> = {}): CronJobPlan => ({
    delete: expired,
    status: sameJson(status, cronJob.status ?? {}) ? undefined : status,
    events,
    ...more,
  });
  if (cronJob.metadata?.deletionTimestamp !== undefined || cronJob.spec?.suspend) return settled();
  let schedule: CronSchedule;
  try {
    schedule = parseCronSchedule(cronJob.spec?.schedule ?? "", cronJob.spec?.timeZone);
  } catch (error) {
    if (!(error instanceof CronScheduleError)) throw error;
    events.push({
      type: "Warning",
      reason: "UnparseableSchedule",
      message: `unparseable schedule: ${JSON.stringify(cronJob.spec?.schedule)} : ${error.message}`,
    });
    return settled();
  }
  const nextMs = schedule.next(nowMs);
  const requeueAfterMs = nextMs === undefined ? undefined : nextMs - nowMs + 100;
  const dueMs = mostRecentDue(cronJob, schedule, nowMs, events);
  if (dueMs === undefined) return settled({ requeueAfterMs });
  const deadlineSeconds = cronJob.spec?.startingDeadlineSeconds;
  if (deadlineSeconds !== undefined && dueMs + deadlineSeconds * 1000 < nowMs) {
    events.push({
      type: "Warning",
      reason: "MissSchedule",
      message: `Missed scheduled time to start a job: ${new Date(dueMs).toUTCString()}`,
    });
    return settled({ requeueAfterMs });
  }
  const job = jobFor(cronJob, dueMs);
  const isStarted = jobs.some(({ metadata }) => metadata?.name === job.metadata?.name);
  if (isStarted) return settled({ requeueAfterMs, status: { ...status, lastScheduleTime: formatTime(dueMs) } });
  const running = jobs.filter((one) => endOf(one) === undefined);
  if (cronJob.spec?.concurrencyPolicy === "Forbid" && running.length > 0) {
    const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
    events.push({ type: "Normal", reason: "JobAlreadyActive", message });
    return settled({ requeueAfterMs });
  }
  const replaced = cronJob.spec?.concurrencyPolicy === "Replace" ? running : [];
  const active = status.active?.filter(({ uid }) => !replaced.some(({ metadata }) => metadata?.uid === uid));
  return settled({
    delete: [...expired, ...replaced],
    create: job,
    status: { ...status, active, lastScheduleTime: formatTime(dueMs) },
    requeueAfterMs,
  });
}

/** The status with exactly the running Jobs, and the time of the last success. */
function currentStatus(cronJob: CronJob, jobs: readonly Job[], events: CronJobEvent[]): CronJobStatus {
  const { active: _before, lastSuccessfulTime, ...rest } = cronJob.status ?? {};
  const wasActive = new Set((cronJob.status?.active ?? []).map(({ uid }) => uid));
  let success = lastSuccessfulTime;
  for (const job of jobs) {
    const end = endOf(job);
    if (end === "Complete" && (job.status?.completionTime ?? "") > (success ?? "")) success = job.status?.completionTime;
    if (end === undefined || !wasActive.has(job.metadata?.uid)) continue;
    events.push({ type: "Normal", reason: "SawCompletedJob", message: `Saw completed job: ${job.metadata?.name}, condition: ${end}` });
  }
  const active = jobs.filter((job) => endOf(job) === undefined).map((job) => referenceTo(jobKind, job));
  // The revision in a reference says when it was made; taking a newer one for a change would write without end.
  const known = new Map((cronJob.status?.active ?? []).map((reference) => [reference.uid, reference]));
  const kept = active.map((reference) => known.get(reference.uid) ?? reference);
  return { ...rest, ...(kept.length > 0 ? { active: kept } : {}), ...(success ? { lastSuccessfulTime: success } : {}) };
}

/** Ended Jobs beyond the history limit, the oldest. */
function surplus(jobs: readonly Job[], end: "Complete" | "Failed", limit: number | undefined): readonly Job[] {
  if (limit === undefined) return [];
  const startedAt = ({ status, metadata }: Job): string => `${status?.startTime ?? ""} ${metadata?.name ?? ""}`;
  const ended = jobs.filter((job) => endOf(job) === end && job.metadata?.deletionTimestamp === undefined);
  return ended.sort((a, b) => (startedAt(a) < startedAt(b) ? -1 : 1)).slice(0, Math.max(0, ended.length - limit));
}

/** The last time at or before now at which a Job was due and for which none was started. */
function mostRecentDue(cronJob: CronJob, schedule: CronSchedule, nowMs: number, events: CronJobEvent[]): number | undefined {
  const lastMs = parseTime(cronJob.status?.lastScheduleTime) ?? parseTime(cronJob.metadata?.creationTimestamp) ?? nowMs;
  const deadlineSeconds = cronJob.spec?.startingDeadlineSeconds;
  let fromMs = deadlineSeconds === undefined ? lastMs : Math.max(lastMs, nowMs - deadlineSeconds * 1000);
  const firstMs = schedule.next(fromMs);
  if (firstMs === undefined || firstMs > nowMs) return undefined;
  // A year of missed minutes must not be counted one by one: steps are taken over all but the last ones.
  const secondMs = schedule.next(firstMs);
  const periodMs = secondMs === undefined ? undefined : secondMs - firstMs;
  let missed = 1;
  if (periodMs !== undefined && (nowMs - firstMs) / periodMs > MANY_MISSED) {
    missed = Math.floor((nowMs - firstMs) / periodMs);
    fromMs = nowMs;
    for (let stepMs = periodMs; ; stepMs *= 2) {
      const candidateMs = schedule.next(Math.max(lastMs, nowMs - stepMs));
      if (candidateMs !== undefined && candidateMs <= nowMs) {
        fromMs = candidateMs;
        break;
      }
    }
  } else fromMs = firstMs;
  for (let nextMs = schedule.next(fromMs); nextMs !== undefined && nextMs <= nowMs; nextMs = schedule.next(nextMs)) {
    fromMs = nextMs;
    missed++;
  }
  if (missed > MANY_MISSED) {
    const message = `too many missed start times: ${missed}. Set or decrease .spec.startingDeadlineSeconds or check clock skew`;
    events.push({ type: "Warning", reason: "TooManyMissedTimes", message });
  }
  return fromMs;
}

/** The Job of one scheduled time. Its name follows from the time, so that it cannot be started twice. */
function jobFor(cronJob: CronJob, dueMs: number): Job {
  const { name = "", namespace } = cronJob.metadata ?? {};
  const { metadata, spec } = cronJob.spec?.jobTemplate ?? {};
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: `${name}-${Math.floor(dueMs / 60_000)}`,
      namespace,
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      annotations: { ...metadata?.annotations, [SCHEDULED_ANNOTATION]: formatTime(dueMs) },
      ownerReferences: [controllerRefTo(cronJobKind, cronJob)],
    },
    spec,
  };
}
