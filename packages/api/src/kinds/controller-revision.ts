import { controllerRevisionColumns } from "../columns/workload-columns.ts";
import type { ControllerRevision } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { removedControllerRevisionVersions } from "../removed/workload-versions.ts";
import { validateControllerRevision } from "../validation/workload-validation.ts";

/** A stored state of a StatefulSet or DaemonSet, for rolling back. */
export const controllerRevisionKind = defineKind<ControllerRevision>({
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  singular: "controllerrevision",
  namespaced: true,
  schema: "io.k8s.api.apps.v1.ControllerRevision",
  removedVersions: removedControllerRevisionVersions,
  allowUnconditionalUpdate: false,
  validate: validateControllerRevision,
  columns: controllerRevisionColumns,
});
