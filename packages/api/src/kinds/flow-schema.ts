import { flowSchemaColumns } from "../columns/access-columns.ts";
import { setFlowSchemaDefaults } from "../defaults/flow-control-defaults.ts";
import type { FlowSchema } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validateFlowSchema } from "../validation/flow-control-validation.ts";

/** Which requests belong to which priority level. */
export const flowSchemaKind = defineKind<FlowSchema>({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "FlowSchema",
  plural: "flowschemas",
  singular: "flowschema",
  namespaced: false,
  schema: "io.k8s.api.flowcontrol.v1.FlowSchema",
  generation: true,
  statusSubresource: true,
  applyDefaults: setFlowSchemaDefaults,
  prepare: prepareStatus(() => ({})),
  validate: validateFlowSchema,
  columns: flowSchemaColumns,
});
