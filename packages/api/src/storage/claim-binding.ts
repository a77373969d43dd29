import type { PersistentVolume, PersistentVolumeClaim, PodSpec, StorageClass } from "../generated/types.ts";

/** Set on a claim once it is bound completely: its volume is settled for good. */
export const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
/** Set on a claim or a volume whose partner was chosen by the controller and not by a user. */
export const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
/** Set on a volume that was made for a claim: the name of its provisioner. */
export const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
/** Set on a claim for which a volume is to be made: the name of the provisioner that shall do it. */
export const STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner";
/** The older name of {@link STORAGE_PROVISIONER}, which is still set beside it. */
export const BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";
/** Set on a claim by the scheduler: the node for which its volume is to be made. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
/** The older way to name the class of a claim or volume, which still goes first. */
export const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";
/** The provisioner of classes whose volumes are made by hand. */
export const NO_PROVISIONER = "kubernetes.io/no-provisioner";

/** The storage class of a claim or a volume; empty when it names none. */
export function storageClassNameOf({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string {
  return metadata?.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? "";
}

/** The claim leaves its class to the cluster. An empty name does not: it asks for a volume without a class. */
export function lacksStorageClass({ metadata, spec }: PersistentVolumeClaim): boolean {
  return metadata?.annotations?.[CLASS_ANNOTATION] === undefined && spec?.storageClassName === undefined;
}

/** The class leaves the choice of a volume to the scheduler, which knows where the first consumer will run. */
export function waitsForFirstConsumer(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === "WaitForFirstConsumer";
}

/** The claim has its volume, and the volume controller has said so. */
export function isCompletelyBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return Boolean(spec?.volumeName) && metadata?.annotations?.[BIND_COMPLETED] !== undefined;
}

/** The volume is set aside for the claim: by name, and by UID if it says one. */
export function isMeantFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const reference = spec?.claimRef;
  if (reference === undefined || reference.name !== metadata?.name || reference.namespace !== metadata?.namespace) return false;
  return !reference.uid || reference.uid === metadata?.uid;
}

/** A claim that a Pod uses. */
export interface ClaimUse {
  readonly name: string;
  /** The volume of the Pod that stands for it. */
  readonly volume: string;
  /** The claim is made for the Pod and goes with it. */
  readonly ephemeral: boolean;
  readonly readOnly: boolean;
}

/** The claims that a Pod uses, in the order of its volumes. Those of generic ephemeral volumes are named after Pod and volume. */
export function claimsOfPod(podName: string, spec: PodSpec | undefined): ClaimUse[] {
  const claims: ClaimUse[] = [];
  for (const { name: volume, persistentVolumeClaim, ephemeral } of spec?.volumes ?? []) {
    if (persistentVolumeClaim) {
      const { claimName: name, readOnly = false } = persistentVolumeClaim;
      claims.push({ name, volume, ephemeral: false, readOnly });
    } else if (ephemeral) claims.push({ name: `${podName}-${volume}`, volume, ephemeral: true, readOnly: false });
  }
  return claims;
}
