import {
  parseQuantity,
  selectorFromLabelSelector,
  tryParseQuantity,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from "@skiff/api";
import type { NodeInfo } from "../state/node-info.ts";
import { nodeSelectorMatcher } from "./node-selector.ts";
import type { VolumeReader } from "./volume-reader.ts";

/** Set on a claim by the scheduler: the node for which its volume is to be made. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
const NO_PROVISIONER = "kubernetes.io/no-provisioner";
const LEGACY_CLASS = "volume.beta.kubernetes.io/storage-class";
const ZERO = parseQuantity("0");

/** The storage class of a claim; empty when it asks for none. */
export function classNameOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata?.annotations?.[LEGACY_CLASS] ?? spec?.storageClassName ?? "";
}

/** The claim has its volume, and the volume controller has said so. */
export function isBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return Boolean(spec?.volumeName) && metadata?.annotations?.[BIND_COMPLETED] !== undefined;
}

/** The claim waits for the scheduler to choose a node. */
export function waitsForConsumer(claim: PersistentVolumeClaim, volumes: VolumeReader): boolean {
  if (claim.metadata?.annotations?.[SELECTED_NODE] !== undefined) return true;
  return volumes.storageClass(classNameOf(claim))?.volumeBindingMode === "WaitForFirstConsumer";
}

/** The volume can be used on the node. */
export function isReachable({ spec }: PersistentVolume, node: NodeInfo): boolean {
  const required = spec?.nodeAffinity?.required;
  return required === undefined || nodeSelectorMatcher(required)(node);
}

/** A volume can be made for the node. */
export function canProvision(storageClass: StorageClass | undefined, node: NodeInfo): boolean {
  const { provisioner, allowedTopologies = [] } = storageClass ?? {};
  if (!provisioner || provisioner === NO_PROVISIONER) return false;
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(node.labels[key] ?? "")),
  );
}

/** The smallest free volume on the node that satisfies the claim; one that is set aside for the claim goes first. */
export function findVolume(
  claim: PersistentVolumeClaim,
  candidates: readonly PersistentVolume[],
  node: NodeInfo,
  isTaken: (volumeName: string) => boolean,
): PersistentVolume | undefined {
  const wanted = tryParseQuantity(claim.spec?.resources?.requests?.storage) ?? ZERO;
  const selector = claim.spec?.selector === undefined ? undefined : selectorFromLabelSelector(claim.spec.selector);
  let best: PersistentVolume | undefined;
  for (const volume of candidates) {
    const { metadata, spec, status } = volume;
    if (isTaken(metadata?.name ?? "") || metadata?.deletionTimestamp !== undefined) continue;
    if ((spec?.volumeMode ?? "Filesystem") !== (claim.spec?.volumeMode ?? "Filesystem")) continue;
    const capacity = tryParseQuantity(spec?.capacity?.storage) ?? ZERO;
    if (capacity.compare(wanted) < 0 || !isReachable(volume, node)) continue;
    if (!(claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode))) continue;
    const { claimRef } = spec ?? {};
    if (claimRef !== undefined) {
      const isOurs = claimRef.name === claim.metadata?.name && claimRef.namespace === claim.metadata?.namespace;
      if (isOurs && (!claimRef.uid || claimRef.uid === claim.metadata?.uid)) return volume;
      continue;
    }
    if (status?.phase !== undefined && status.phase !== "Available") continue;
    if ((spec?.storageClassName ?? "") !== classNameOf(claim)) continue;
    if (selector !== undefined && !selector.matches(metadata?.labels)) continue;
    if (best === undefined || capacity.compare(tryParseQuantity(best.spec?.capacity?.storage) ?? ZERO) < 0) best = volume;
  }
  return best;
}
