import type { PersistentVolume, PersistentVolumeClaim } from "../generated/types.ts";
import { Quantity, tryParseQuantity } from "../quantity.ts";
import { type Selector, selectorFromLabelSelector } from "../selector.ts";
import { isMeantFor, storageClassNameOf } from "./claim-binding.ts";

/** The size of a volume; zero when it says none. */
export function capacityOf({ spec }: PersistentVolume): Quantity {
  return tryParseQuantity(spec?.capacity?.storage) ?? Quantity.zero;
}

/** The size that a claim asks for. */
export function requestedSizeOf({ spec }: PersistentVolumeClaim): Quantity {
  return tryParseQuantity(spec?.resources?.requests?.storage) ?? Quantity.zero;
}

/**
 * Why a volume cannot be what a claim asks for, in upstream's words, or `undefined` when it can. Neither looks at whether
 * the volume is free nor at the claim's selector, which does not count for a volume that the claim names.
 */
export function unfitness(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata?.deletionTimestamp !== undefined)
    return `the volume is marked for deletion ${JSON.stringify(volume.metadata.name ?? "")}`;
  if (capacityOf(volume).compare(requestedSizeOf(claim)) < 0) return "requested PV is too small";
  if (storageClassNameOf(volume) !== storageClassNameOf(claim)) return "storageClassName does not match";
  if ((volume.spec?.volumeAttributesClassName ?? "") !== (claim.spec?.volumeAttributesClassName ?? ""))
    return "volumeAttributesClassName does not match";
  if (!hasSameMode(volume, claim)) return "incompatible volumeMode";
  return hasAccessModes(volume, claim) ? undefined : "incompatible accessMode";
}

/** Both are file systems, or both are block devices. */
export function hasSameMode(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (volume.spec?.volumeMode ?? "Filesystem") === (claim.spec?.volumeMode ?? "Filesystem");
}

function hasAccessModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec?.accessModes ?? []).every((mode) => volume.spec?.accessModes?.includes(mode));
}

/** Which volumes {@link findVolume} looks at. */
export interface VolumeSearch {
  /** The volume can be used where it is needed. Default: all can. */
  readonly isUsable?: (volume: PersistentVolume) => boolean;
  /** Somebody else has just chosen the volume. Default: none. */
  readonly isTaken?: (volume: PersistentVolume) => boolean;
  /** Only a volume that is set aside for the claim: another one is for the scheduler to choose. */
  readonly onlyReserved?: boolean;
}

/**
 * The volume that fits the claim best: one that is set aside for it; else, of the free ones, the one that allows the
 * fewest uses beside those asked for, and of these the smallest.
 */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  { isUsable = () => true, isTaken = () => false, onlyReserved = false }: VolumeSearch = {},
): PersistentVolume | undefined {
  const selector = claim.spec?.selector === undefined ? undefined : selectorFromLabelSelector(claim.spec.selector);
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (isTaken(volume)) continue;
    if (isMeantFor(volume, claim)) {
      if (isUsableReserved(volume, claim)) return isUsable(volume) ? volume : undefined;
      continue;
    }
    if (onlyReserved || !isFree(volume) || !isSelected(volume, selector)) continue;
    if (unfitness(volume, claim) !== undefined || !isUsable(volume)) continue;
    if (best === undefined || isCloser(volume, best)) best = volume;
  }
  return best;
}

/** A volume that a user has set aside need not be of the claim's class or in a phase of its own. */
function isUsableReserved(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  if (volume.metadata?.deletionTimestamp !== undefined) return false;
  return capacityOf(volume).compare(requestedSizeOf(claim)) >= 0 && hasSameMode(volume, claim) && hasAccessModes(volume, claim);
}

function isFree({ spec, status }: PersistentVolume): boolean {
  return spec?.claimRef === undefined && status?.phase === "Available";
}

function isSelected({ metadata }: PersistentVolume, selector: Selector | undefined): boolean {
  return selector === undefined || selector.matches(metadata?.labels);
}

function isCloser(volume: PersistentVolume, best: PersistentVolume): boolean {
  const modes = (volume.spec?.accessModes?.length ?? 0) - (best.spec?.accessModes?.length ?? 0);
  return modes === 0 ? capacityOf(volume).compare(capacityOf(best)) < 0 : modes < 0;
}
