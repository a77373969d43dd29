import { fnv1a32 } from "@skiff/base";
import {
  isConditionTrue,
  isCompletelyBound,
  isLocalStorageClass,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  waitsForFirstConsumer,
  type Node,
  type PersistentVolumeClaim,
  type StorageClass,
} from "@skiff/api";

/** A claim and what the choice of a node for its volume depends on. */
export interface ObservedPlacement {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass | undefined;
  readonly isInstalled: (driver: string) => boolean;
  readonly nodes: readonly Node[];
  /** How many volumes a node has, or is about to get. */
  readonly volumesOn: (nodeName: string) => number;
}

/** The node on which the volume shall be; `null` takes a choice back that cannot be met any more. */
export type PlacementPlan =
  | { readonly kind: "nothing" }
  | { readonly kind: "select"; readonly nodeName: string | null }
  /** There is no node for the volume now. */
  | { readonly kind: "wait"; readonly message: string };

const NOTHING: PlacementPlan = { kind: "nothing" };

/**
 * Decides where the directory of a local volume is made when no scheduler does: for classes that bind at once. The node
 * with the fewest volumes gets it, as the claims of replicas should not meet on one.
 */
export function planPlacement({ claim, storageClass, isInstalled, nodes, volumesOn }: ObservedPlacement): PlacementPlan {
  const { annotations, deletionTimestamp, uid } = claim.metadata ?? {};
  if (isCompletelyBound(claim) || deletionTimestamp !== undefined || storageClass === undefined) return NOTHING;
  if (annotations?.[STORAGE_PROVISIONER] !== storageClass.provisioner || !isLocalStorageClass(storageClass, isInstalled)) return NOTHING;
  const selected = annotations[SELECTED_NODE];
  if (selected !== undefined) {
    return nodes.some(({ metadata }) => metadata?.name === selected) ? NOTHING : { kind: "select", nodeName: null };
  }
  if (waitsForFirstConsumer(storageClass)) return NOTHING;
  const candidates = nodes.filter((node) => isUsable(node) && isInTopology(node, storageClass));
  if (candidates.length === 0) return { kind: "wait", message: "no node is ready that can hold a local volume" };
  const names = candidates.map(({ metadata }) => metadata?.name ?? "").sort();
  const fewest = Math.min(...names.map(volumesOn));
  const equals = names.filter((name) => volumesOn(name) === fewest);
  return { kind: "select", nodeName: equals[fnv1a32(uid ?? "") % equals.length] ?? null };
}

/** The node takes Pods, and so the volumes that they bring along. */
export function isUsable({ spec, status }: Node): boolean {
  return spec?.unschedulable !== true && isConditionTrue(status?.conditions, "Ready");
}

function isInTopology({ metadata }: Node, { allowedTopologies = [] }: StorageClass): boolean {
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(metadata?.labels?.[key] ?? "")),
  );
}
