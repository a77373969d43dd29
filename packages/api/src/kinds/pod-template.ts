import { podTemplateColumns } from "../columns/workload-columns.ts";
import { setPodTemplateObjectDefaults } from "../defaults/workload-defaults.ts";
import type { PodTemplate } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validatePodTemplateObject } from "../validation/pod-validation.ts";

/** A Pod template on its own. */
export const podTemplateKind = defineKind<PodTemplate>({
  group: "",
  version: "v1",
  kind: "PodTemplate",
  plural: "podtemplates",
  singular: "podtemplate",
  namespaced: true,
  schema: "io.k8s.api.core.v1.PodTemplate",
  generation: true,
  applyDefaults: setPodTemplateObjectDefaults,
  validate: validatePodTemplateObject,
  columns: podTemplateColumns,
});
