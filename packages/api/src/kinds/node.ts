import { nodeColumns } from "../columns/cluster-columns.ts";
import { setNodeDefaults } from "../defaults/core-defaults.ts";
import type { Node } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validateNode } from "../validation/node-validation.ts";
import { nodeWarnings } from "../warnings/object-warnings.ts";

/** A machine that runs Pods. */
export const nodeKind = defineKind<Node>({
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  singular: "node",
  namespaced: false,
  shortNames: ["no"],
  schema: "io.k8s.api.core.v1.Node",
  statusSubresource: true,
  subresources: ["proxy"],
  applyDefaults: setNodeDefaults,
  prepare: prepareStatus((node) => node.status ?? {}),
  validate: validateNode,
  columns: nodeColumns,
  fieldSelectors: { "spec.unschedulable": (node) => String(node.spec?.unschedulable ?? false) },
  warnings: nodeWarnings,
});
