import { runtimeClassColumns } from "../columns/cluster-columns.ts";
import type { RuntimeClass } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateRuntimeClass } from "../validation/policy-validation.ts";

/** A way of running containers. */
export const runtimeClassKind = defineKind<RuntimeClass>({
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  singular: "runtimeclass",
  namespaced: false,
  schema: "io.k8s.api.node.v1.RuntimeClass",
  allowUnconditionalUpdate: false,
  validate: validateRuntimeClass,
  columns: runtimeClassColumns,
});
