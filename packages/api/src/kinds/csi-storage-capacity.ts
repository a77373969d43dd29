import { csiStorageCapacityColumns } from "../columns/storage-columns.ts";
import { setCsiStorageCapacityDefaults } from "../defaults/storage-defaults.ts";
import type { CSIStorageCapacity } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateCsiStorageCapacity } from "../validation/storage-validation.ts";

/** How much storage a driver has left in a part of the cluster. */
export const csiStorageCapacityKind = defineKind<CSIStorageCapacity>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIStorageCapacity",
  plural: "csistoragecapacities",
  singular: "csistoragecapacity",
  namespaced: true,
  schema: "io.k8s.api.storage.v1.CSIStorageCapacity",
  allowUnconditionalUpdate: false,
  applyDefaults: setCsiStorageCapacityDefaults,
  validate: validateCsiStorageCapacity,
  columns: csiStorageCapacityColumns,
});
