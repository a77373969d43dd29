import type { Job } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { prepareStatus } from "./status-prepare.ts";

/** The label by which a Job finds its Pods; the value is the Job's uid. */
export const JOB_CONTROLLER_UID_LABEL = "batch.kubernetes.io/controller-uid";
/** The label with the Job's name. */
export const JOB_NAME_LABEL = "batch.kubernetes.io/job-name";
/** The unprefixed forms of both labels, which older clients select by. */
export const LEGACY_JOB_CONTROLLER_UID_LABEL = "controller-uid";
export const LEGACY_JOB_NAME_LABEL = "job-name";

/**
 * Unless the user has chosen a selector, a Job selects its Pods by its own uid. Labels that are there already stay, for
 * validation to refuse wrong ones. Name and uid must be set before.
 */
export function generateJobSelector(job: Job): void {
  const { spec } = job;
  if (spec?.template === undefined) return;
  const { name = "", uid = "" } = job.metadata ?? {};
  spec.template.metadata = { ...spec.template.metadata };
  spec.template.metadata.labels = {
    [LEGACY_JOB_NAME_LABEL]: name,
    [JOB_NAME_LABEL]: name,
    [LEGACY_JOB_CONTROLLER_UID_LABEL]: uid,
    [JOB_CONTROLLER_UID_LABEL]: uid,
    ...spec.template.metadata.labels,
  };
  spec.selector = { ...spec.selector, matchLabels: { [JOB_CONTROLLER_UID_LABEL]: uid, ...spec.selector?.matchLabels } };
}

const prepareJobStatus = prepareStatus<Job>(() => ({}));

/** What clients may not set on Jobs, and the selector that they need not set. */
export function prepareJob(job: Job, old: Job | undefined, context: WriteContext): void {
  prepareJobStatus(job, old, context);
  if (old === undefined && !job.spec?.manualSelector) generateJobSelector(job);
}
