import { endpointsColumns } from "../columns/network-columns.ts";
import { setEndpointsDefaults } from "../defaults/core-defaults.ts";
import type { Endpoints } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateEndpoints } from "../validation/endpoints-validation.ts";
import { endpointsWarnings } from "../warnings/object-warnings.ts";

/** The addresses behind a Service, in the form that came before EndpointSlices. */
export const endpointsKind = defineKind<Endpoints>({
  group: "",
  version: "v1",
  kind: "Endpoints",
  plural: "endpoints",
  singular: "endpoints",
  namespaced: true,
  shortNames: ["ep"],
  schema: "io.k8s.api.core.v1.Endpoints",
  allowCreateOnUpdate: true,
  applyDefaults: setEndpointsDefaults,
  validate: validateEndpoints,
  columns: endpointsColumns,
  warnings: endpointsWarnings,
});
