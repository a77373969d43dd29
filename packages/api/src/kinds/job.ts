import { jobColumns } from "../columns/workload-columns.ts";
import { setJobDefaults } from "../defaults/batch-defaults.ts";
import type { Job } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareJob } from "../prepare/job-prepare.ts";
import { validateJob } from "../validation/job-validation.ts";
import { workloadWarnings } from "../warnings/object-warnings.ts";

/** Runs Pods to completion. */
export const jobKind = defineKind<Job>({
  group: "batch",
  version: "v1",
  kind: "Job",
  plural: "jobs",
  singular: "job",
  namespaced: true,
  categories: ["all"],
  schema: "io.k8s.api.batch.v1.Job",
  generation: true,
  statusSubresource: true,
  applyDefaults: setJobDefaults,
  prepare: prepareJob,
  validate: validateJob,
  columns: jobColumns,
  fieldSelectors: { "status.successful": (job) => String(job.status?.succeeded ?? 0) },
  warnings: workloadWarnings,
});
