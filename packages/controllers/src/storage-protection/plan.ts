import {
  claimsOfPod,
  type KubeObject,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type PersistentVolumeClaimStatus,
  type Pod,
} from "@skiff/api";
import { controllerOf } from "@skiff/controller-kit";

/** Keeps a claim while a Pod uses it. */
export const CLAIM_PROTECTION = "kubernetes.io/pvc-protection";
/** Keeps a volume while it is bound. */
export const VOLUME_PROTECTION = "kubernetes.io/pv-protection";
/** Keeps a VolumeAttributesClass while a claim or a volume names it. */
export const CLASS_PROTECTION = "kubernetes.io/vac-protection";

/** What to do about the finalizer of a protected object. */
export type ProtectionPlan = "nothing" | "add" | "remove";

/** Objects get the finalizer, also those from before there was one, and lose it when they are deleted and not in use. */
export function planProtection({ metadata }: KubeObject, finalizer: string, isInUse: boolean): ProtectionPlan {
  const has = metadata?.finalizers?.includes(finalizer) ?? false;
  if (metadata?.deletionTimestamp === undefined) return has ? "nothing" : "add";
  return has && !isInUse ? "remove" : "nothing";
}

/** A volume is in use while it is bound to a claim. */
export function isVolumeInUse({ status }: PersistentVolume): boolean {
  return status?.phase === "Bound";
}

/**
 * Whether the Pod uses the claim. One without a node does not: a node would refuse to start it with a claim that is being
 * deleted. One that has ended does for as long as its object is there.
 */
export function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec?.nodeName || pod.metadata?.namespace !== claim.metadata?.namespace) return false;
  return claimsOfPod(pod.metadata?.name ?? "", pod.spec).some(
    ({ name, ephemeral }) => name === claim.metadata?.name && (!ephemeral || controllerOf(claim)?.uid === pod.metadata?.uid),
  );
}

/** The VolumeAttributesClasses that a claim or a volume names: as the wanted, the current and the coming one. */
export function attributesClassesOf({ spec, status }: PersistentVolumeClaim | PersistentVolume): string[] {
  const { currentVolumeAttributesClassName, modifyVolumeStatus }: PersistentVolumeClaimStatus = status ?? {};
  const names = [spec?.volumeAttributesClassName, currentVolumeAttributesClassName, modifyVolumeStatus?.targetVolumeAttributesClassName];
  return names.flatMap((name) => (name ? [name] : []));
}

/** The object with the finalizer, or without it. */
export function withFinalizer<T extends KubeObject>(object: T, finalizer: string, isPresent: boolean): T {
  const others = (object.metadata?.finalizers ?? []).filter((each) => each !== finalizer);
  return { ...object, metadata: { ...object.metadata, finalizers: isPresent ? [...others, finalizer] : others } };
}
