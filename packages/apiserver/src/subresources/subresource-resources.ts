import type { EndpointSlice, PodDisruptionBudget, Resource } from "@skiff/api";

/** The slices behind Services. */
export const ENDPOINT_SLICES: Resource<EndpointSlice> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
};

/** What evictions have to keep to. */
export const POD_DISRUPTION_BUDGETS: Resource<PodDisruptionBudget> = {
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  namespaced: true,
};
