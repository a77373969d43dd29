import { endpointSliceColumns } from "../columns/network-columns.ts";
import { setEndpointSliceDefaults } from "../defaults/service-defaults.ts";
import type { EndpointSlice } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateEndpointSlice } from "../validation/endpoints-validation.ts";

/** Some of the addresses behind a Service. */
export const endpointSliceKind = defineKind<EndpointSlice>({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  singular: "endpointslice",
  namespaced: true,
  schema: "io.k8s.api.discovery.v1.EndpointSlice",
  generation: true,
  applyDefaults: setEndpointSliceDefaults,
  validate: validateEndpointSlice,
  columns: endpointSliceColumns,
});
