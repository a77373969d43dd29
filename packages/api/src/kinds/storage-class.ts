import { storageClassColumns } from "../columns/storage-columns.ts";
import { setStorageClassDefaults } from "../defaults/storage-defaults.ts";
import type { StorageClass } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { removedStorageClassVersions } from "../removed/renamed-versions.ts";
import { validateStorageClass } from "../validation/storage-validation.ts";
import { storageClassWarnings } from "../warnings/object-warnings.ts";

/** A class of storage and its provisioner. */
export const storageClassKind = defineKind<StorageClass>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  plural: "storageclasses",
  singular: "storageclass",
  namespaced: false,
  shortNames: ["sc"],
  schema: "io.k8s.api.storage.v1.StorageClass",
  removedVersions: removedStorageClassVersions,
  applyDefaults: setStorageClassDefaults,
  validate: validateStorageClass,
  columns: storageClassColumns,
  warnings: storageClassWarnings,
});
