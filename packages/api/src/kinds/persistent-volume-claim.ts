import { persistentVolumeClaimColumns } from "../columns/storage-columns.ts";
import { setPersistentVolumeClaimDefaults } from "../defaults/storage-defaults.ts";
import type { PersistentVolumeClaim } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { preparePersistentVolumeClaim } from "../prepare/storage-prepare.ts";
import { validatePersistentVolumeClaim } from "../validation/storage-validation.ts";
import { persistentVolumeClaimWarnings } from "../warnings/object-warnings.ts";

/** A request for storage. */
export const persistentVolumeClaimKind = defineKind<PersistentVolumeClaim>({
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  singular: "persistentvolumeclaim",
  namespaced: true,
  shortNames: ["pvc"],
  schema: "io.k8s.api.core.v1.PersistentVolumeClaim",
  statusSubresource: true,
  applyDefaults: setPersistentVolumeClaimDefaults,
  prepare: preparePersistentVolumeClaim,
  validate: validatePersistentVolumeClaim,
  columns: persistentVolumeClaimColumns,
  warnings: persistentVolumeClaimWarnings,
});
