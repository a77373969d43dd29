import type { ObjectMeta, OwnerReference } from "@skiff/api";
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER, type GraphNode } from "./owner-graph.ts";

/** What the server says of one owner reference. */
export type OwnerState =
  /** The owner is there and stays. */
  | "solid"
  /** There is no such object, or another one has its name. */
  | "dangling"
  /** The owner waits for its dependents to go. */
  | "waiting"
  /** It cannot be told: the reference is nonsense (a namespaced owner of a cluster-wide object). Nothing is deleted then. */
  | "unresolvable";

/** What there is to know about one object that wants a look, all of it fresh from the server. */
export interface ObservedOwnership {
  readonly node: GraphNode;
  /** As the server has it; `undefined` when it is gone or another one has its name. */
  readonly metadata: ObjectMeta | undefined;
  readonly owners: readonly { readonly reference: OwnerReference; readonly state: OwnerState }[];
  readonly dependents: readonly GraphNode[];
}

/** What to do about it. */
export type OwnershipPlan =
  | { readonly action: "none" }
  /** The graph has an object that the server has not. */
  | { readonly action: "forget" }
  /** Look at these, which block the deletion of their owner. */
  | { readonly action: "look"; readonly uids: readonly string[] }
  /** Let each dependent go, then take the finalizer off the owner. */
  | { readonly action: "orphan"; readonly dependents: readonly GraphNode[] }
  | { readonly action: "removeFinalizer"; readonly finalizer: string }
  | { readonly action: "setOwners"; readonly owners: readonly OwnerReference[] }
  | {
      readonly action: "delete";
      readonly policy: "Background" | "Foreground" | "Orphan";
      /** References whose owners must not wait for this object, lest they wait for each other. */
      readonly unblock: boolean;
    };

/** Decides about one object: the rules of upstream's garbage collector. */
export function planOwnership({ node, metadata, owners, dependents }: ObservedOwnership): OwnershipPlan {
  if (metadata === undefined) return { action: "forget" };
  const isBeingDeleted = metadata.deletionTimestamp !== undefined;
  const finalizers = metadata.finalizers ?? [];
  if (isBeingDeleted && finalizers.includes(ORPHAN_FINALIZER)) return { action: "orphan", dependents };
  if (isBeingDeleted && finalizers.includes(FOREGROUND_FINALIZER)) return planForeground(node, dependents);
  if (isBeingDeleted || owners.length === 0) return { action: "none" };
  const having = (state: OwnerState): typeof owners => owners.filter((owner) => owner.state === state);
  if (having("unresolvable").length > 0) return { action: "none" };
  const [solid, waiting] = [having("solid"), having("waiting")];
  if (solid.length > 0) {
    return solid.length === owners.length ? { action: "none" } : { action: "setOwners", owners: solid.map(({ reference }) => reference) };
  }
  if (waiting.length > 0 && dependents.length > 0) {
    // A dependent that waits for us while our owner waits for us: a circle that only unblocking can open.
    return { action: "delete", policy: "Foreground", unblock: dependents.some(({ isDeletingDependents }) => isDeletingDependents) };
  }
  const policy = finalizers.includes(ORPHAN_FINALIZER) ? "Orphan" : finalizers.includes(FOREGROUND_FINALIZER) ? "Foreground" : "Background";
  return { action: "delete", policy, unblock: false };
}

function planForeground(node: GraphNode, dependents: readonly GraphNode[]): OwnershipPlan {
  const blocking = dependents.filter(({ owners }) => owners.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion));
  if (blocking.length === 0) return { action: "removeFinalizer", finalizer: FOREGROUND_FINALIZER };
  return { action: "look", uids: blocking.filter(({ isDeletingDependents }) => !isDeletingDependents).map(({ uid }) => uid) };
}
