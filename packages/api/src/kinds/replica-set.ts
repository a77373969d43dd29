import { replicaSetColumns } from "../columns/workload-columns.ts";
import { setReplicaSetDefaults } from "../defaults/workload-defaults.ts";
import type { ReplicaSet } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { removedReplicaSetVersions } from "../removed/workload-versions.ts";
import { validateReplicaSet } from "../validation/workload-validation.ts";
import { workloadWarnings } from "../warnings/object-warnings.ts";

/** Keeps a number of Pods of one template running. */
export const replicaSetKind = defineKind<ReplicaSet>({
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  singular: "replicaset",
  namespaced: true,
  shortNames: ["rs"],
  categories: ["all"],
  schema: "io.k8s.api.apps.v1.ReplicaSet",
  removedVersions: removedReplicaSetVersions,
  generation: true,
  statusSubresource: true,
  scale: { specReplicas: "spec.replicas", statusReplicas: "status.replicas", selector: "spec.selector" },
  applyDefaults: setReplicaSetDefaults,
  prepare: prepareStatus(() => ({ replicas: 0 })),
  validate: validateReplicaSet,
  columns: replicaSetColumns,
  fieldSelectors: { "status.replicas": (replicaSet) => String(replicaSet.status?.replicas ?? 0) },
  warnings: workloadWarnings,
});
