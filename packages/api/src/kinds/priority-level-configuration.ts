import { priorityLevelColumns } from "../columns/access-columns.ts";
import { setPriorityLevelDefaults } from "../defaults/flow-control-defaults.ts";
import type { PriorityLevelConfiguration } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validatePriorityLevel } from "../validation/flow-control-validation.ts";

/** How many requests of a priority run at once. */
export const priorityLevelConfigurationKind = defineKind<PriorityLevelConfiguration>({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "PriorityLevelConfiguration",
  plural: "prioritylevelconfigurations",
  singular: "prioritylevelconfiguration",
  namespaced: false,
  schema: "io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration",
  generation: true,
  statusSubresource: true,
  applyDefaults: setPriorityLevelDefaults,
  prepare: prepareStatus(() => ({})),
  validate: validatePriorityLevel,
  columns: priorityLevelColumns,
});
