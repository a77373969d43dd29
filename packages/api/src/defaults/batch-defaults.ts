import type { CronJob, CronJobSpec, Job, JobSpec } from "../generated/types.ts";
import { setPodTemplateDefaults } from "./pod-spec-defaults.ts";

/** "No limit": retries are then counted per index only. */
const UNLIMITED_RETRIES = 2 ** 31 - 1;

/** What a Job leaves out, in place. */
export function setJobDefaults(job: Job): void {
  job.spec ??= {} as JobSpec;
  job.status ??= {};
  const { spec } = job;
  // With neither number given, one Pod is to complete; with only one of them, the other keeps its meaning of absence.
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : UNLIMITED_RETRIES;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
  }
  const labels = spec.template?.metadata?.labels;
  if (labels !== undefined) {
    job.metadata ??= {};
    if (Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels };
  }
  setPodTemplateDefaults(spec.template);
}

/** What a CronJob leaves out, in place. Its Jobs get their own defaults when they are made. */
export function setCronJobDefaults(cronJob: CronJob): void {
  cronJob.spec ??= {} as CronJobSpec;
  cronJob.status ??= {};
  const { spec } = cronJob;
  spec.concurrencyPolicy ||= "Allow";
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  setPodTemplateDefaults(spec.jobTemplate?.spec?.template);
}
