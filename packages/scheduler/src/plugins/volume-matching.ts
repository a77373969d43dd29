import { nodeSelectorMatcher, NO_PROVISIONER, SELECTED_NODE, storageClassNameOf, waitsForFirstConsumer } from "@skiff/api";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "@skiff/api";
import type { NodeInfo } from "../state/node-info.ts";
import type { VolumeReader } from "./volume-reader.ts";

/** The claim waits for the scheduler to choose a node. */
export function waitsForConsumer(claim: PersistentVolumeClaim, volumes: VolumeReader): boolean {
  if (claim.metadata?.annotations?.[SELECTED_NODE] !== undefined) return true;
  return waitsForFirstConsumer(volumes.storageClass(storageClassNameOf(claim)));
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
