import { replicationControllerColumns } from "../columns/workload-columns.ts";
import { setReplicationControllerDefaults } from "../defaults/workload-defaults.ts";
import type { ReplicationController } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validateReplicationController } from "../validation/workload-validation.ts";
import { workloadWarnings } from "../warnings/object-warnings.ts";

/** Keeps a number of Pods running; ReplicaSets came after it. */
export const replicationControllerKind = defineKind<ReplicationController>({
  group: "",
  version: "v1",
  kind: "ReplicationController",
  plural: "replicationcontrollers",
  singular: "replicationcontroller",
  namespaced: true,
  shortNames: ["rc"],
  categories: ["all"],
  schema: "io.k8s.api.core.v1.ReplicationController",
  generation: true,
  statusSubresource: true,
  scale: { specReplicas: "spec.replicas", statusReplicas: "status.replicas", selector: "spec.selector" },
  applyDefaults: setReplicationControllerDefaults,
  prepare: prepareStatus(() => ({ replicas: 0 })),
  validate: validateReplicationController,
  columns: replicationControllerColumns,
  fieldSelectors: { "status.replicas": (controller) => String(controller.status?.replicas ?? 0) },
  warnings: workloadWarnings,
});
