import { priorityClassColumns } from "../columns/cluster-columns.ts";
import { setPriorityClassDefaults } from "../defaults/policy-defaults.ts";
import type { PriorityClass } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { removedPriorityClassVersions } from "../removed/renamed-versions.ts";
import { validatePriorityClass } from "../validation/policy-validation.ts";

/** A name for a priority. */
export const priorityClassKind = defineKind<PriorityClass>({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  singular: "priorityclass",
  namespaced: false,
  shortNames: ["pc"],
  schema: "io.k8s.api.scheduling.v1.PriorityClass",
  removedVersions: removedPriorityClassVersions,
  generation: true,
  applyDefaults: setPriorityClassDefaults,
  validate: validatePriorityClass,
  columns: priorityClassColumns,
});
