import { statefulSetColumns } from "../columns/workload-columns.ts";
import { setStatefulSetDefaults } from "../defaults/workload-defaults.ts";
import type { StatefulSet } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { removedStatefulSetVersions } from "../removed/workload-versions.ts";
import { validateStatefulSet } from "../validation/stateful-set-validation.ts";
import { workloadWarnings } from "../warnings/object-warnings.ts";

/** Pods with stable names and storage. */
export const statefulSetKind = defineKind<StatefulSet>({
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  plural: "statefulsets",
  singular: "statefulset",
  namespaced: true,
  shortNames: ["sts"],
  categories: ["all"],
  schema: "io.k8s.api.apps.v1.StatefulSet",
  removedVersions: removedStatefulSetVersions,
  nameRule: "dns-label",
  generation: true,
  statusSubresource: true,
  scale: { specReplicas: "spec.replicas", statusReplicas: "status.replicas", selector: "spec.selector" },
  applyDefaults: setStatefulSetDefaults,
  prepare: prepareStatus(() => ({ replicas: 0, availableReplicas: 0 })),
  validate: validateStatefulSet,
  columns: statefulSetColumns,
  warnings: workloadWarnings,
});
