import type { PersistentVolumeClaimSpec, Volume } from "../generated/types.ts";
import { defaultPullPolicy } from "../image-reference.ts";
import { canonicalQuantity } from "../quantity.ts";
import { setFieldSourceDefaults } from "./container-defaults.ts";
import { setResourceDefaults } from "./resource-list-defaults.ts";

/** rw-r--r--: the mode of files made from keys. */
const DEFAULT_FILE_MODE = 0o644;

/** What a claim leaves out, wherever it stands. */
export function setClaimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= "Filesystem";
  spec.resources ??= {};
  setResourceDefaults(spec.resources);
}

function setProjectedDefaults(projected: NonNullable<Volume["projected"]>): void {
  projected.defaultMode ??= DEFAULT_FILE_MODE;
  for (const source of projected.sources ?? []) {
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    for (const item of source.downwardAPI?.items ?? []) setFieldSourceDefaults(item);
  }
}

/** Old network volumes that only volume plug-ins outside the cluster still read. */
function setLegacyVolumeDefaults(volume: Partial<Pick<Volume, "iscsi" | "rbd" | "azureDisk" | "scaleIO">>): void {
  if (volume.iscsi) volume.iscsi.iscsiInterface ||= "default";
  if (volume.rbd) {
    volume.rbd.pool ||= "rbd";
    volume.rbd.user ||= "admin";
    volume.rbd.keyring ||= "/etc/ceph/keyring";
  }
  if (volume.azureDisk) {
    volume.azureDisk.cachingMode ??= "ReadWrite";
    volume.azureDisk.kind ??= "Shared";
    volume.azureDisk.fsType ??= "ext4";
    volume.azureDisk.readOnly ??= false;
  }
  if (volume.scaleIO) {
    volume.scaleIO.storageMode ||= "ThinProvisioned";
    volume.scaleIO.fsType ||= "xfs";
  }
}

/** Sources that Pod volumes and PersistentVolumes share. */
export function setSharedSourceDefaults(source: Partial<Pick<Volume, "hostPath">> & Record<string, unknown>): void {
  if (source.hostPath) source.hostPath.type ??= "";
  setLegacyVolumeDefaults(source as Partial<Volume>);
}

/** What a Pod's volume leaves out, in place; a volume without a source is an empty directory. */
export function setVolumeDefaults(volume: Volume): void {
  const hasSource = Object.entries(volume).some(([key, value]) => key !== "name" && value !== undefined && value !== null);
  if (!hasSource) volume.emptyDir = {};
  if (volume.emptyDir?.sizeLimit !== undefined) volume.emptyDir.sizeLimit = canonicalQuantity(volume.emptyDir.sizeLimit);
  if (volume.secret) volume.secret.defaultMode ??= DEFAULT_FILE_MODE;
  if (volume.configMap) volume.configMap.defaultMode ??= DEFAULT_FILE_MODE;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= DEFAULT_FILE_MODE;
    for (const item of volume.downwardAPI.items ?? []) setFieldSourceDefaults(item);
  }
  if (volume.projected) setProjectedDefaults(volume.projected);
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? "");
  if (volume.ephemeral?.volumeClaimTemplate) {
    volume.ephemeral.volumeClaimTemplate.spec ??= {};
    setClaimSpecDefaults(volume.ephemeral.volumeClaimTemplate.spec);
  }
  setSharedSourceDefaults(volume as unknown as Record<string, unknown>);
}
