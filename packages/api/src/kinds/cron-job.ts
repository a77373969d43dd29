import { cronJobColumns } from "../columns/workload-columns.ts";
import { setCronJobDefaults } from "../defaults/batch-defaults.ts";
import type { CronJob } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { removedCronJobVersions } from "../removed/renamed-versions.ts";
import { validateCronJob } from "../validation/job-validation.ts";
import { cronJobWarnings } from "../warnings/object-warnings.ts";

/** Makes Jobs on a schedule. */
export const cronJobKind = defineKind<CronJob>({
  group: "batch",
  version: "v1",
  kind: "CronJob",
  plural: "cronjobs",
  singular: "cronjob",
  namespaced: true,
  shortNames: ["cj"],
  categories: ["all"],
  schema: "io.k8s.api.batch.v1.CronJob",
  removedVersions: removedCronJobVersions,
  generation: true,
  statusSubresource: true,
  applyDefaults: setCronJobDefaults,
  prepare: prepareStatus(() => ({})),
  validate: validateCronJob,
  columns: cronJobColumns,
  warnings: cronJobWarnings,
});
