import { csiDriverColumns } from "../columns/storage-columns.ts";
import { setCsiDriverDefaults } from "../defaults/storage-defaults.ts";
import type { CSIDriver } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateCsiDriver } from "../validation/storage-validation.ts";

/** What a storage driver can do. */
export const csiDriverKind = defineKind<CSIDriver>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIDriver",
  plural: "csidrivers",
  singular: "csidriver",
  namespaced: false,
  schema: "io.k8s.api.storage.v1.CSIDriver",
  allowUnconditionalUpdate: false,
  applyDefaults: setCsiDriverDefaults,
  validate: validateCsiDriver,
  columns: csiDriverColumns,
});
