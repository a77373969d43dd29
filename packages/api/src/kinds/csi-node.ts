import { csiNodeColumns } from "../columns/storage-columns.ts";
import type { CSINode } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateCsiNode } from "../validation/storage-validation.ts";

/** The storage drivers on a node. */
export const csiNodeKind = defineKind<CSINode>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSINode",
  plural: "csinodes",
  singular: "csinode",
  namespaced: false,
  schema: "io.k8s.api.storage.v1.CSINode",
  allowUnconditionalUpdate: false,
  validate: validateCsiNode,
  columns: csiNodeColumns,
});
