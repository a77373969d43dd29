import { volumeAttributesClassColumns } from "../columns/storage-columns.ts";
import type { VolumeAttributesClass } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateVolumeAttributesClass } from "../validation/storage-validation.ts";

/** Changeable properties of volumes. */
export const volumeAttributesClassKind = defineKind<VolumeAttributesClass>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttributesClass",
  plural: "volumeattributesclasses",
  singular: "volumeattributesclass",
  namespaced: false,
  shortNames: ["vac"],
  schema: "io.k8s.api.storage.v1.VolumeAttributesClass",
  validate: validateVolumeAttributesClass,
  columns: volumeAttributesClassColumns,
});
