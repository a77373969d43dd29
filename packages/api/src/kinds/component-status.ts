import { componentStatusColumns } from "../columns/cluster-columns.ts";
import type { ComponentStatus } from "../generated/types.ts";
import { defineKind } from "../kind.ts";

/** The health of a part of the control plane; computed, never stored. */
export const componentStatusKind = defineKind<ComponentStatus>({
  group: "",
  version: "v1",
  kind: "ComponentStatus",
  plural: "componentstatuses",
  singular: "componentstatus",
  namespaced: false,
  shortNames: ["cs"],
  schema: "io.k8s.api.core.v1.ComponentStatus",
  verbs: ["get", "list"],
  columns: componentStatusColumns,
});
