import { type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import { CronScheduleError, isTimeZone, parseCronSchedule } from "../cron-schedule.ts";
import type { CronJob, CronJobSpec, Job, JobSpec, PodFailurePolicyRule, PodTemplateSpec } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { JOB_CONTROLLER_UID_LABEL, LEGACY_JOB_CONTROLLER_UID_LABEL } from "../prepare/job-prepare.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { immutable, invalidEach, nonNegative, oneOf, optionalOneOf } from "./field-checks.ts";
import { validateLabelSelector } from "./labels.ts";
import { byteLength, checkDnsLabel, maxLengthText } from "./names.ts";
import { validateTemplateMatches } from "./pod-set-validation.ts";
import { validatePodTemplate } from "./pod-spec-validation.ts";

/** A Job's name gets eleven characters behind a CronJob's, and must stay a label. */
const MAX_CRON_JOB_NAME = 52;
const MAX_PARALLEL_INDEXES = 100_000;
const MAX_FAILURE_RULES = 20;

function validateFailureRule(rule: PodFailurePolicyRule, spec: JobSpec, field: string): FieldError[] {
  const errors = oneOf(`${field}.action`, rule.action, ["Count", "FailIndex", "FailJob", "Ignore"]);
  if (rule.action === "FailIndex" && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalidValue(`${field}.action`, rule.action, "requires the backoffLimitPerIndex to be set"));
  }
  const { onExitCodes, onPodConditions = [] } = rule;
  if (onExitCodes && onPodConditions.length > 0)
    errors.push(invalidValue(field, rule, "specifying both OnExitCodes and OnPodConditions is not supported"));
  if (!onExitCodes && onPodConditions.length === 0)
    errors.push(invalidValue(field, rule, "specifying one of OnExitCodes and OnPodConditions is required"));
  if (onExitCodes) {
    const at = `${field}.onExitCodes`;
    errors.push(...oneOf(`${at}.operator`, onExitCodes.operator, ["In", "NotIn"]));
    const name = onExitCodes.containerName;
    const containers = [...(spec.template?.spec?.containers ?? []), ...(spec.template?.spec?.initContainers ?? [])];
    if (name !== undefined && !containers.some((container) => container.name === name)) {
      errors.push(invalidValue(`${at}.containerName`, name, "must be one of the container or initContainer names in the pod template"));
    }
    if ((onExitCodes.values ?? []).length === 0)
      errors.push(invalidValue(`${at}.values`, onExitCodes.values ?? [], "at least one value is required"));
    if (onExitCodes.operator === "In" && onExitCodes.values?.includes(0)) {
      errors.push(invalidValue(`${at}.values[${onExitCodes.values.indexOf(0)}]`, 0, "must not be 0 for the In operator"));
    }
  }
  for (const [index, pattern] of onPodConditions.entries()) {
    errors.push(...oneOf(`${field}.onPodConditions[${index}].status`, pattern.status, ["False", "True", "Unknown"]));
  }
  return errors;
}

function validatePolicies(spec: JobSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { podFailurePolicy, successPolicy, podReplacementPolicy, backoffLimitPerIndex, maxFailedIndexes } = spec;
  const indexed = spec.completionMode === "Indexed";
  if (podFailurePolicy) {
    const rules = podFailurePolicy.rules ?? [];
    const at = `${field}.podFailurePolicy.rules`;
    if (spec.template?.spec?.restartPolicy !== "Never") {
      errors.push(
        invalidValue(
          `${field}.template.spec.restartPolicy`,
          spec.template?.spec?.restartPolicy ?? "",
          'only "Never" is supported when podFailurePolicy is specified',
        ),
      );
    }
    if (rules.length > MAX_FAILURE_RULES)
      errors.push({
        type: "FieldValueTooMany",
        field: at,
        message: `Too many: ${rules.length}: must have at most ${MAX_FAILURE_RULES} items`,
      });
    for (const [index, rule] of rules.entries()) errors.push(...validateFailureRule(rule, spec, `${at}[${index}]`));
  }
  if (successPolicy && !indexed) {
    errors.push(invalidValue(`${field}.successPolicy`, successPolicy, "requires indexed completion mode"));
  }
  if (successPolicy && (successPolicy.rules ?? []).length === 0) {
    errors.push(required(`${field}.successPolicy.rules`, "at least one rules must be specified when the successPolicy is specified"));
  }
  if (backoffLimitPerIndex !== undefined) {
    errors.push(...nonNegative(`${field}.backoffLimitPerIndex`, backoffLimitPerIndex));
    if (!indexed) errors.push(invalidValue(`${field}.backoffLimitPerIndex`, backoffLimitPerIndex, "requires indexed completion mode"));
  }
  if (maxFailedIndexes !== undefined) {
    errors.push(...nonNegative(`${field}.maxFailedIndexes`, maxFailedIndexes));
    if (backoffLimitPerIndex === undefined) errors.push(required(`${field}.backoffLimitPerIndex`, "when maxFailedIndexes is specified"));
  }
  errors.push(...optionalOneOf(`${field}.podReplacementPolicy`, podReplacementPolicy, ["Failed", "TerminatingOrFailed"]));
  return errors;
}

/** What holds for the Jobs of a CronJob too. */
function validateJobSpec(spec: JobSpec, field: string): FieldError[] {
  const errors = (["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"] as const).flatMap(
    (name) => nonNegative(`${field}.${name}`, spec[name]),
  );
  errors.push(...optionalOneOf(`${field}.completionMode`, spec.completionMode, ["Indexed", "NonIndexed"]));
  if (spec.completionMode === "Indexed") {
    if (spec.completions === undefined) errors.push(required(`${field}.completions`, "when completion mode is Indexed"));
    if ((spec.parallelism ?? 0) > MAX_PARALLEL_INDEXES) {
      const detail = `must be less than or equal to ${MAX_PARALLEL_INDEXES} when completion mode is Indexed`;
      errors.push(invalidValue(`${field}.parallelism`, spec.parallelism, detail));
    }
  }
  errors.push(...validatePolicies(spec, field), ...validatePodTemplate(spec.template, `${field}.template`));
  const policy = spec.template?.spec?.restartPolicy;
  if (!policy || policy === "Always") errors.push(required(`${field}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  else if (policy !== "OnFailure" && policy !== "Never") {
    errors.push(notSupported(`${field}.template.spec.restartPolicy`, policy, ["OnFailure", "Never"]));
  }
  return errors;
}

/** A selector that the server made must select this Job's Pods and no others. */
function validateGeneratedSelector(job: Job): FieldError[] {
  const { spec } = job;
  if (spec?.manualSelector) return [];
  const uid = job.metadata?.uid ?? "";
  const errors: FieldError[] = [];
  const labels = spec?.template?.metadata?.labels ?? {};
  for (const label of [LEGACY_JOB_CONTROLLER_UID_LABEL, JOB_CONTROLLER_UID_LABEL]) {
    const value = labels[label];
    if (value === undefined) errors.push(required("spec.template.metadata.labels", `must be '${uid}'`));
    else if (value !== uid) errors.push(invalidValue(`spec.template.metadata.labels[${label}]`, labels, `must be '${uid}'`));
  }
  const selected = Object.entries(spec?.selector?.matchLabels ?? {});
  const own =
    selected.length === 1 &&
    selected.every(([key, value]) => [LEGACY_JOB_CONTROLLER_UID_LABEL, JOB_CONTROLLER_UID_LABEL].includes(key) && value === uid);
  if (!own || (spec?.selector?.matchExpressions ?? []).length > 0) {
    errors.push(invalidValue("spec.selector", spec?.selector ?? null, "`selector` not auto-generated"));
  }
  return errors;
}

/** The parts of a template that may change while the Job is suspended: where its Pods run (KEP-2926). */
function withoutPlacement(template: PodTemplateSpec | undefined): unknown {
  const { nodeSelector: _1, tolerations: _2, affinity: _3, schedulingGates: _4, ...spec } = template?.spec ?? { containers: [] };
  const { labels: _5, annotations: _6, ...metadata } = template?.metadata ?? {};
  return { ...template, metadata, spec };
}

function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const now = job.spec ?? ({} as JobSpec);
  const before = old.spec ?? ({} as JobSpec);
  const errors: FieldError[] = [];
  const elastic = before.completionMode === "Indexed" && now.completions === now.parallelism;
  if (!elastic) errors.push(...immutable("spec.completions", now.completions ?? null, before.completions));
  errors.push(...immutable("spec.selector", now.selector, before.selector));
  const notStarted = before.suspend === true && old.status?.startTime === undefined;
  const same = notStarted
    ? semanticEqual(withoutPlacement(now.template), withoutPlacement(before.template))
    : semanticEqual(now.template, before.template);
  if (!same) errors.push(invalidValue("spec.template", now.template, "field is immutable"));
  for (const name of ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "successPolicy", "managedBy"] as const) {
    errors.push(...immutable(`spec.${name}`, now[name] ?? null, before[name]));
  }
  return errors;
}

/** Everything that is wrong with a Job. */
export function validateJob(job: Job, old: Job | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") {
    return (["active", "succeeded", "failed", "ready", "terminating"] as const).flatMap((name) =>
      nonNegative(`status.${name}`, job.status?.[name]),
    );
  }
  const spec = job.spec ?? ({} as JobSpec);
  const errors: FieldError[] = [];
  if (old === undefined) errors.push(...validateGeneratedSelector(job));
  errors.push(...validateJobSpec(spec, "spec"));
  if (!spec.selector) errors.push(required("spec.selector"));
  else
    errors.push(
      ...validateLabelSelector(spec.selector, "spec.selector"),
      ...validateTemplateMatches(spec.selector, spec.template, "spec.template"),
    );
  if (old === undefined && spec.completionMode === "Indexed" && (spec.completions ?? 0) > 0) {
    const longest = `${job.metadata?.name}-${(spec.completions ?? 1) - 1}`;
    for (const problem of checkDnsLabel(longest)) {
      errors.push(
        invalidValue("metadata.name", job.metadata?.name, `will not able to create pod with invalid DNS label: ${longest}: ${problem}`),
      );
    }
  }
  return old === undefined ? errors : [...errors, ...validateJobUpdate(job, old)];
}

function validateSchedule(spec: CronJobSpec): FieldError[] {
  const { schedule = "", timeZone } = spec as Partial<CronJobSpec>;
  const errors: FieldError[] = [];
  if (!schedule) errors.push(required("spec.schedule"));
  else if (/TZ=/.test(schedule)) {
    errors.push(invalidValue("spec.schedule", schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
  } else {
    try {
      parseCronSchedule(schedule);
    } catch (error) {
      if (!(error instanceof CronScheduleError)) throw error;
      errors.push(invalidValue("spec.schedule", schedule, error.message));
    }
  }
  if (timeZone === undefined) return errors;
  if (timeZone === "") errors.push(invalidValue("spec.timeZone", timeZone, "timeZone must be nil or non-empty string"));
  else if (timeZone.toLowerCase() === "local")
    errors.push(
      invalidValue("spec.timeZone", timeZone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"),
    );
  else if (!isTimeZone(timeZone)) errors.push(invalidValue("spec.timeZone", timeZone, `unknown time zone ${timeZone}`));
  return errors;
}

/** Everything that is wrong with a CronJob. */
export function validateCronJob(cronJob: CronJob, old: CronJob | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") return [];
  const spec = cronJob.spec ?? ({} as CronJobSpec);
  const errors: FieldError[] = [];
  const name = cronJob.metadata?.name ?? "";
  if (old === undefined && byteLength(name) > MAX_CRON_JOB_NAME) {
    errors.push(...invalidEach("metadata.name", name, [maxLengthText(MAX_CRON_JOB_NAME)]));
  }
  errors.push(...validateSchedule(spec), ...nonNegative("spec.startingDeadlineSeconds", spec.startingDeadlineSeconds));
  errors.push(...oneOf("spec.concurrencyPolicy", spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"]));
  if (spec.jobTemplate?.spec?.manualSelector) {
    errors.push(notSupported("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"]));
  }
  if (spec.jobTemplate?.spec?.selector) errors.push(forbiddenField("spec.jobTemplate.spec.selector", "`selector` will be auto-generated"));
  errors.push(...validateJobSpec(spec.jobTemplate?.spec ?? ({} as JobSpec), "spec.jobTemplate.spec"));
  errors.push(...nonNegative("spec.successfulJobsHistoryLimit", spec.successfulJobsHistoryLimit));
  errors.push(...nonNegative("spec.failedJobsHistoryLimit", spec.failedJobsHistoryLimit));
  return errors;
}
