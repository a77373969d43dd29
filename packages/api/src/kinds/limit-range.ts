import { createdAtColumn } from "../columns/common-columns.ts";
import { setLimitRangeDefaults } from "../defaults/core-defaults.ts";
import type { LimitRange } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateLimitRange } from "../validation/quota-validation.ts";

/** Bounds and defaults for the resources of Pods, containers and claims of a namespace. */
export const limitRangeKind = defineKind<LimitRange>({
  group: "",
  version: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  singular: "limitrange",
  namespaced: true,
  shortNames: ["limits"],
  schema: "io.k8s.api.core.v1.LimitRange",
  allowCreateOnUpdate: true,
  applyDefaults: setLimitRangeDefaults,
  validate: validateLimitRange,
  columns: [createdAtColumn],
});
