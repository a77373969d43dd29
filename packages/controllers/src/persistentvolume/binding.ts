import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  isMeantFor,
  persistentVolumeClaimKind,
  semanticEqual,
  type ObjectMeta,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type PersistentVolumeClaimStatus,
} from "@skiff/api";
import { referenceTo } from "@skiff/client";

function withAnnotations(metadata: ObjectMeta | undefined, added: Readonly<Record<string, string>>): ObjectMeta {
  return { ...metadata, annotations: { ...metadata?.annotations, ...added } };
}

/** The volume with its reference to the claim, or `undefined` when it has that already. */
export function volumeBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const isReserved = isMeantFor(volume, claim);
  if (isReserved && volume.spec?.claimRef?.uid === claim.metadata?.uid) return undefined;
  const metadata = isReserved ? volume.metadata : withAnnotations(volume.metadata, { [BOUND_BY_CONTROLLER]: "yes" });
  return { ...volume, metadata, spec: { ...volume.spec, claimRef: referenceTo(persistentVolumeClaimKind, claim) } };
}

/** The claim with its reference to the volume, or `undefined` when it has that already. */
export function claimBoundTo(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim | undefined {
  const volumeName = volume.metadata?.name;
  const isChosenHere = claim.spec?.volumeName !== volumeName;
  if (!isChosenHere && claim.metadata?.annotations?.[BIND_COMPLETED] !== undefined) return undefined;
  const added = { [BIND_COMPLETED]: "yes", ...(isChosenHere ? { [BOUND_BY_CONTROLLER]: "yes" } : {}) };
  return { ...claim, metadata: withAnnotations(claim.metadata, added), spec: { ...claim.spec, volumeName } };
}

/**
 * The status of a claim that is bound to the volume, or `undefined` when it says so already. The capacity is that of the
 * moment of binding: afterwards it grows only when the storage has really grown.
 */
export function statusBoundTo({ status }: PersistentVolumeClaim, { spec }: PersistentVolume): PersistentVolumeClaimStatus | undefined {
  const storage = spec?.capacity?.storage;
  const isNew = status?.phase !== "Bound" || status.capacity === undefined;
  const wanted: PersistentVolumeClaimStatus = {
    ...status,
    phase: "Bound",
    accessModes: spec?.accessModes,
    ...(isNew && storage !== undefined ? { capacity: { ...status?.capacity, storage } } : {}),
    ...(spec?.volumeAttributesClassName ? { currentVolumeAttributesClassName: spec.volumeAttributesClassName } : {}),
  };
  return semanticEqual(wanted, status) ? undefined : wanted;
}

/**
 * The volume without its claim. One that the controller had chosen is free for every claim; one that a user had set
 * aside stays so, for the next claim of that name.
 */
export function unboundVolume(volume: PersistentVolume): PersistentVolume {
  const { claimRef, ...spec } = volume.spec ?? {};
  const { [BOUND_BY_CONTROLLER]: byController, ...annotations } = volume.metadata?.annotations ?? {};
  if (byController !== undefined) return { ...volume, metadata: { ...volume.metadata, annotations }, spec };
  const { uid: _uid, resourceVersion: _revision, ...reserved } = claimRef ?? {};
  return { ...volume, spec: { ...spec, claimRef: reserved } };
}
