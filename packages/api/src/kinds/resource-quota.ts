import { resourceQuotaColumns } from "../columns/cluster-columns.ts";
import { setResourceQuotaDefaults } from "../defaults/core-defaults.ts";
import type { ResourceQuota } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validateResourceQuotaObject } from "../validation/quota-validation.ts";

/** The total that a namespace may use. */
export const resourceQuotaKind = defineKind<ResourceQuota>({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  singular: "resourcequota",
  namespaced: true,
  shortNames: ["quota"],
  schema: "io.k8s.api.core.v1.ResourceQuota",
  statusSubresource: true,
  applyDefaults: setResourceQuotaDefaults,
  prepare: prepareStatus(() => ({})),
  validate: validateResourceQuotaObject,
  columns: resourceQuotaColumns,
});
