import { formatTime } from "@skiff/base";
import { hasSameMode, PROVISIONED_BY, type PersistentVolume, type PersistentVolumeClaim, type PersistentVolumeStatus } from "@skiff/api";
import type { Remark } from "./plan-claim.ts";

/** A volume and the claim that its `claimRef` names, by UID too if it says one. */
export interface ObservedVolume {
  readonly volume: PersistentVolume;
  readonly claim: PersistentVolumeClaim | undefined;
}

/** What to do about a volume. */
export type VolumePlan =
  | { readonly kind: "nothing"; readonly remark?: Remark }
  | { readonly kind: "phase"; readonly phase: string; readonly message?: string; readonly remark?: Remark }
  /** Its claim is gone. What the reclaim policy asks for comes after the phase has been written. */
  | { readonly kind: "release"; readonly failure?: VolumeFailure }
  /** Lets go of a claim that has another volume. */
  | { readonly kind: "unbind" };

/** Why a volume that was released cannot be reclaimed. */
interface VolumeFailure {
  readonly message: string;
  readonly remark: Remark;
}

/** Decides the phase of a volume. */
export function planVolume({ volume, claim }: ObservedVolume): VolumePlan {
  const { claimRef } = volume.spec ?? {};
  // One that a user has set aside by name is free until its claim comes.
  if (!claimRef?.uid) return phase(volume, "Available");
  if (claim === undefined) return release(volume);
  if (!claim.spec?.volumeName) {
    // The claim will be bound to it, unless it cannot be.
    if (hasSameMode(volume, claim)) return { kind: "nothing" };
    const message = `Cannot bind PersistentVolume to requested PersistentVolumeClaim ${JSON.stringify(claim.metadata?.name)} due to incompatible volumeMode.`;
    return { kind: "nothing", remark: ["Warning", "VolumeMismatch", message] };
  }
  if (claim.spec.volumeName === volume.metadata?.name) return phase(volume, "Bound");
  const isSpare = isProvisioned(volume) && volume.spec?.persistentVolumeReclaimPolicy === "Delete";
  return isSpare ? release(volume) : { kind: "unbind" };
}

function isProvisioned({ metadata }: PersistentVolume): boolean {
  return metadata?.annotations?.[PROVISIONED_BY] !== undefined;
}

function phase({ status }: PersistentVolume, wanted: string): VolumePlan {
  return status?.phase === wanted ? { kind: "nothing" } : { kind: "phase", phase: wanted };
}

/** Retained volumes wait for a person, the others for whoever deletes or empties them: their provisioner, or the node. */
function release(volume: PersistentVolume): VolumePlan {
  const failure = reclaimFailure(volume);
  const { phase: current } = volume.status ?? {};
  if (current === "Failed" || (current === "Released" && failure === undefined)) return { kind: "nothing" };
  return { kind: "release", ...(failure === undefined ? {} : { failure }) };
}

/** Paths below it are the only ones that a node deletes because a volume without a provisioner says so. */
const DELETABLE = /^\/tmp\/.+/;

function reclaimFailure(volume: PersistentVolume): VolumeFailure | undefined {
  const { persistentVolumeReclaimPolicy, hostPath } = volume.spec ?? {};
  const failed = (reason: string, message: string): VolumeFailure => ({ message, remark: ["Warning", reason, message] });
  if (persistentVolumeReclaimPolicy === "Recycle" && hostPath === undefined)
    return failed("VolumeFailedRecycle", "No recycler plugin found for the volume!");
  if (persistentVolumeReclaimPolicy !== "Delete" || isProvisioned(volume)) return undefined;
  if (hostPath === undefined) {
    const name = JSON.stringify(volume.metadata?.name);
    return failed("VolumeFailedDelete", `error getting deleter volume plugin for volume ${name}: no deletable volume plugin matched`);
  }
  if (DELETABLE.test(hostPath.path)) return undefined;
  return failed("VolumeFailedDelete", `host_path deleter only supports /tmp/.+ but received provided ${hostPath.path}`);
}

/** The status with another phase, from `nowMs` on: what was said about the one before goes. */
export function statusInPhase(wanted: string, nowMs: number, message?: string): PersistentVolumeStatus {
  return { phase: wanted, lastPhaseTransitionTime: formatTime(nowMs), ...(message === undefined ? {} : { message }) };
}
