import type { ObjectMeta, OwnerReference, Resource } from "@skiff/api";

export const FOREGROUND_FINALIZER = "foregroundDeletion";
export const ORPHAN_FINALIZER = "orphan";

/** An object of any kind, as far as ownership goes. */
export interface GraphNode {
  readonly uid: string;
  readonly resource: Resource;
  /** Absent for cluster-wide kinds. */
  readonly namespace: string | undefined;
  readonly name: string;
  readonly owners: readonly OwnerReference[];
  readonly isBeingDeleted: boolean;
  /** It waits for its dependents (foreground deletion). */
  readonly isDeletingDependents: boolean;
  /** Its dependents must be released first (orphaning). */
  readonly isOrphaningDependents: boolean;
}

/** The node for an object. */
export function graphNode(resource: Resource, metadata: ObjectMeta): GraphNode {
  const isBeingDeleted = metadata.deletionTimestamp !== undefined;
  return {
    uid: metadata.uid ?? "",
    resource,
    namespace: metadata.namespace || undefined,
    name: metadata.name ?? "",
    owners: metadata.ownerReferences ?? [],
    isBeingDeleted,
    isDeletingDependents: isBeingDeleted && (metadata.finalizers?.includes(FOREGROUND_FINALIZER) ?? false),
    isOrphaningDependents: isBeingDeleted && (metadata.finalizers?.includes(ORPHAN_FINALIZER) ?? false),
  };
}

/**
 * All objects of the cluster and who owns whom, by uid. Answers for each change which objects want a look: only those
 * for which the change can make a difference, so that a settled cluster costs nothing.
 */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  /** Also for owners that are not in the graph: they may not have been seen yet, or be gone. */
  readonly #dependents = new Map<string, Set<string>>();

  get size(): number {
    return this.#nodes.size;
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): readonly GraphNode[] {
    return Array.from(this.#dependents.get(uid) ?? [], (dependent) => this.#nodes.get(dependent)).filter((node) => node !== undefined);
  }

  /** True when the reference leads to an object in the graph that `node` may have as its owner. */
  isResolved(node: GraphNode, reference: OwnerReference): boolean {
    const owner = this.#nodes.get(reference.uid);
    if (owner === undefined || owner.name !== reference.name || owner.resource.kind !== reference.kind) return false;
    return owner.namespace === undefined || owner.namespace === node.namespace;
  }

  /** True when every owner of `node` is in the graph and none of them waits for its dependents. */
  hasSolidOwners(node: GraphNode): boolean {
    return node.owners.every((owner) => this.isResolved(node, owner) && !this.#nodes.get(owner.uid)?.isDeletingDependents);
  }

  /** Adds or replaces a node. Answers the uids that want a look. */
  put(node: GraphNode): readonly string[] {
    const before = this.#nodes.get(node.uid);
    this.#nodes.set(node.uid, node);
    for (const { uid } of before?.owners ?? []) this.#unlink(uid, node.uid);
    for (const { uid } of node.owners) {
      let dependents = this.#dependents.get(uid);
      if (dependents === undefined) this.#dependents.set(uid, (dependents = new Set()));
      dependents.add(node.uid);
    }
    const look: string[] = [];
    if (node.isDeletingDependents || node.isOrphaningDependents || this.#wantsCheck(node, before)) look.push(node.uid);
    // Its dependents learn that their owner waits for them.
    if (node.isDeletingDependents && !before?.isDeletingDependents) look.push(...(this.#dependents.get(node.uid) ?? []));
    // An owner that waits may no longer need to, when a dependent lets go of it or stops blocking it.
    for (const { uid } of before?.owners ?? []) if (this.#nodes.get(uid)?.isDeletingDependents) look.push(uid);
    return look;
  }

  /** Takes a node out. Answers the uids that want a look: its dependents, and owners that waited for it. */
  remove(uid: string): readonly string[] {
    const node = this.#nodes.get(uid);
    if (node === undefined) return [];
    this.#nodes.delete(uid);
    const look = [...(this.#dependents.get(uid) ?? [])];
    for (const owner of node.owners) {
      this.#unlink(owner.uid, uid);
      if (this.#nodes.get(owner.uid)?.isDeletingDependents) look.push(owner.uid);
    }
    return look;
  }

  /** Only references that are new, or lead nowhere that we know, need to be checked with the server. */
  #wantsCheck(node: GraphNode, before: GraphNode | undefined): boolean {
    if (node.isBeingDeleted || node.owners.length === 0) return false;
    const known = new Set(before?.owners.map(({ uid }) => uid));
    return node.owners.some((owner) => {
      if (!this.isResolved(node, owner)) return !known.has(owner.uid);
      return this.#nodes.get(owner.uid)?.isDeletingDependents ?? false;
    });
  }

  #unlink(ownerUid: string, dependentUid: string): void {
    const dependents = this.#dependents.get(ownerUid);
    dependents?.delete(dependentUid);
    if (dependents?.size === 0) this.#dependents.delete(ownerUid);
  }
}
