import { daemonSetColumns } from "../columns/workload-columns.ts";
import { setDaemonSetDefaults } from "../defaults/workload-defaults.ts";
import type { DaemonSet } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { removedDaemonSetVersions } from "../removed/workload-versions.ts";
import { validateDaemonSet } from "../validation/workload-validation.ts";
import { workloadWarnings } from "../warnings/object-warnings.ts";

/** One Pod on every matching node. */
export const daemonSetKind = defineKind<DaemonSet>({
  group: "apps",
  version: "v1",
  kind: "DaemonSet",
  plural: "daemonsets",
  singular: "daemonset",
  namespaced: true,
  shortNames: ["ds"],
  categories: ["all"],
  schema: "io.k8s.api.apps.v1.DaemonSet",
  removedVersions: removedDaemonSetVersions,
  generation: true,
  statusSubresource: true,
  applyDefaults: setDaemonSetDefaults,
  prepare: prepareStatus(() => ({ currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 })),
  validate: validateDaemonSet,
  columns: daemonSetColumns,
  warnings: workloadWarnings,
});
