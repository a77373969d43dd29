import { persistentVolumeColumns } from "../columns/storage-columns.ts";
import { setPersistentVolumeDefaults } from "../defaults/storage-defaults.ts";
import type { PersistentVolume } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validatePersistentVolume } from "../validation/storage-validation.ts";
import { persistentVolumeWarnings } from "../warnings/object-warnings.ts";

/** A piece of storage. */
export const persistentVolumeKind = defineKind<PersistentVolume>({
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  singular: "persistentvolume",
  namespaced: false,
  shortNames: ["pv"],
  schema: "io.k8s.api.core.v1.PersistentVolume",
  statusSubresource: true,
  applyDefaults: setPersistentVolumeDefaults,
  prepare: prepareStatus(() => ({ phase: "Pending" })),
  validate: validatePersistentVolume,
  columns: persistentVolumeColumns,
  warnings: persistentVolumeWarnings,
});
