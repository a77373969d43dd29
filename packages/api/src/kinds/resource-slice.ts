import { resourceSliceColumns } from "../columns/access-columns.ts";
import type { ResourceSlice } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateResourceSlice } from "../validation/device-validation.ts";

/** Devices that a driver offers. */
export const resourceSliceKind = defineKind<ResourceSlice>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceSlice",
  plural: "resourceslices",
  singular: "resourceslice",
  namespaced: false,
  schema: "io.k8s.api.resource.v1.ResourceSlice",
  generation: true,
  validate: validateResourceSlice,
  columns: resourceSliceColumns,
  fieldSelectors: {
    "spec.nodeName": (slice) => slice.spec?.nodeName ?? "",
    "spec.driver": (slice) => slice.spec?.driver ?? "",
  },
});
