import { volumeAttachmentColumns } from "../columns/storage-columns.ts";
import type { VolumeAttachment } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validateVolumeAttachment } from "../validation/storage-validation.ts";

/** A volume that is, or is to be, attached to a node. */
export const volumeAttachmentKind = defineKind<VolumeAttachment>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttachment",
  plural: "volumeattachments",
  singular: "volumeattachment",
  namespaced: false,
  schema: "io.k8s.api.storage.v1.VolumeAttachment",
  statusSubresource: true,
  allowUnconditionalUpdate: false,
  prepare: prepareStatus(() => ({ attached: false })),
  validate: validateVolumeAttachment,
  columns: volumeAttachmentColumns,
});
