import { apiServiceColumns } from "../columns/cluster-columns.ts";
import { setApiServiceDefaults } from "../defaults/extension-defaults.ts";
import type { APIService } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validateApiService } from "../validation/api-service-validation.ts";

/** A group and version of the API, and who serves it. */
export const apiServiceKind = defineKind<APIService>({
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  plural: "apiservices",
  singular: "apiservice",
  namespaced: false,
  categories: ["api-extensions"],
  schema: "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService",
  nameRule: "path-segment",
  statusSubresource: true,
  allowUnconditionalUpdate: false,
  applyDefaults: setApiServiceDefaults,
  prepare: prepareStatus(() => ({})),
  validate: validateApiService,
  columns: apiServiceColumns,
});
