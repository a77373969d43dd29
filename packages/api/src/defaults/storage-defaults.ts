import type {
  CSIDriver,
  CSIDriverSpec,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from "../generated/types.ts";
import { canonicalQuantity } from "../quantity.ts";
import { setResourceListDefaults } from "./resource-list-defaults.ts";
import { setClaimSpecDefaults, setSharedSourceDefaults } from "./volume-defaults.ts";

/** What a claim leaves out, in place. */
export function setPersistentVolumeClaimDefaults(claim: PersistentVolumeClaim): void {
  claim.spec ??= {};
  claim.status ??= {};
  claim.status.phase ||= "Pending";
  setClaimSpecDefaults(claim.spec);
  setResourceListDefaults(claim.status.capacity);
  setResourceListDefaults(claim.status.allocatedResources);
}

/** What a volume leaves out, in place. */
export function setPersistentVolumeDefaults(volume: PersistentVolume): void {
  volume.spec ??= {};
  volume.status ??= {};
  volume.status.phase ||= "Pending";
  volume.spec.persistentVolumeReclaimPolicy ||= "Retain";
  volume.spec.volumeMode ??= "Filesystem";
  setResourceListDefaults(volume.spec.capacity);
  setSharedSourceDefaults(volume.spec as unknown as Record<string, unknown>);
}

/** What a StorageClass leaves out, in place. */
export function setStorageClassDefaults(storageClass: StorageClass): void {
  storageClass.reclaimPolicy ??= "Delete";
  storageClass.volumeBindingMode ??= "Immediate";
}

/** What a CSIDriver leaves out, in place. */
export function setCsiDriverDefaults(driver: CSIDriver): void {
  driver.spec ??= {} as CSIDriverSpec;
  const { spec } = driver;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
  if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ["Persistent"];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}

/** Amounts of a CSIStorageCapacity in the form that the API prints. */
export function setCsiStorageCapacityDefaults(capacity: CSIStorageCapacity): void {
  if (capacity.capacity !== undefined) capacity.capacity = canonicalQuantity(capacity.capacity);
  if (capacity.maximumVolumeSize !== undefined) capacity.maximumVolumeSize = canonicalQuantity(capacity.maximumVolumeSize);
}
