import { isStatus, parseApiVersion, type ObjectMeta, type OwnerReference, type Resource } from "@skiff/api";
import { type AnyController, type Controller, type Enqueue, type Outcome, type Source } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { Monitors } from "./monitors.ts";
import { graphNode, ORPHAN_FINALIZER, OwnerGraph, type GraphNode } from "./owner-graph.ts";
import { planOwnership, type ObservedOwnership, type OwnershipPlan, type OwnerState } from "./plan.ts";

const WORKERS = 20;
/** An owner that is there but not in the graph yet is looked for again after so long. */
const UNSEEN_OWNER_MS = 5000;

/** Deletes objects whose owners are gone, in the background, in the foreground, or not at all (orphaning), whatever their kind. */
export function createGarbageCollector(context: ControllerContext): AnyController {
  return new GarbageCollector(context);
}

class GarbageCollector implements Controller<ObservedOwnership, OwnershipPlan> {
  readonly name = "generic-garbage-collector";
  readonly concurrency = WORKERS;
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #graph = new OwnerGraph();
  readonly #monitors: Monitors;
  #enqueue: Enqueue = () => {};

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#monitors = new Monitors(context, this.#graph, (uids) => {
      for (const uid of uids) this.#enqueue(uid);
    });
    this.sources = [
      {
        start: (enqueue) => {
          this.#enqueue = enqueue;
          return this.#monitors.start();
        },
        synced: (signal) => this.#monitors.synced(signal),
      },
    ];
  }

  async observe(uid: string): Promise<ObservedOwnership | undefined> {
    const node = this.#graph.get(uid);
    if (node === undefined || (node.isBeingDeleted && !node.isDeletingDependents && !node.isOrphaningDependents)) return undefined;
    // Whoever has all its owners in the graph, none of them waiting, stays: at the start this spares a request per object.
    if (!node.isBeingDeleted && this.#graph.hasSolidOwners(node)) return undefined;
    const metadata = await this.#live(node.resource, node.namespace, node.name, uid);
    const isBeingDeleted = metadata?.deletionTimestamp !== undefined;
    const references = isBeingDeleted ? [] : (metadata?.ownerReferences ?? []);
    const owners = await Promise.all(references.map(async (reference) => ({ reference, state: await this.#stateOf(node, reference) })));
    return { node, metadata, owners, dependents: this.#graph.dependentsOf(uid) };
  }

  plan(observed: ObservedOwnership): OwnershipPlan {
    return planOwnership(observed);
  }

  async perform(plan: OwnershipPlan, observed: ObservedOwnership): Promise<Outcome> {
    const { node, metadata = {} } = observed;
    switch (plan.action) {
      case "none": {
        const isUnseen = observed.owners.some(
          ({ reference, state }) => state !== "unresolvable" && this.#graph.get(reference.uid) === undefined,
        );
        return isUnseen ? { requeueAfterMs: UNSEEN_OWNER_MS } : {};
      }
      case "forget":
        for (const uid of this.#graph.remove(node.uid)) this.#enqueue(uid);
        return {};
      case "look":
        for (const uid of plan.uids) this.#enqueue(uid);
        return {};
      case "orphan":
        for (const dependent of plan.dependents) await this.#letGo(dependent, node.uid);
        await this.#patch(node, { finalizers: without(metadata.finalizers, ORPHAN_FINALIZER), resourceVersion: metadata.resourceVersion });
        return {};
      case "removeFinalizer":
        await this.#patch(node, { finalizers: without(metadata.finalizers, plan.finalizer), resourceVersion: metadata.resourceVersion });
        return {};
      case "setOwners":
        await this.#patch(node, { ownerReferences: plan.owners, resourceVersion: metadata.resourceVersion });
        return {};
      default:
        await this.#delete(node, metadata, plan);
        return {};
    }
  }

  async #delete(node: GraphNode, metadata: ObjectMeta, plan: Extract<OwnershipPlan, { action: "delete" }>): Promise<void> {
    if (plan.unblock) {
      const ownerReferences = metadata.ownerReferences?.map((reference) => ({ ...reference, blockOwnerDeletion: false }));
      await this.#patch(node, { ownerReferences });
    }
    const { namespace, name, uid } = node;
    // Without unblocking nobody may have touched the object since we looked, or its owners may be others by now.
    const preconditions = { uid, ...(plan.unblock ? {} : { resourceVersion: metadata.resourceVersion }) };
    try {
      await this.#context.client.resource(node.resource).delete({ namespace, name }, { propagationPolicy: plan.policy, preconditions });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  async #letGo(dependent: GraphNode, ownerUid: string): Promise<void> {
    const metadata = await this.#live(dependent.resource, dependent.namespace, dependent.name, dependent.uid);
    const ownerReferences = metadata?.ownerReferences?.filter(({ uid }) => uid !== ownerUid);
    if (metadata === undefined || ownerReferences?.length === metadata.ownerReferences?.length) return;
    await this.#patch(dependent, { ownerReferences, resourceVersion: metadata.resourceVersion });
  }

  async #patch({ resource, namespace, name, uid }: GraphNode, metadata: Record<string, unknown>): Promise<void> {
    try {
      await this.#context.client.resource(resource).patch({ namespace, name }, { metadata: { uid, ...metadata } }, { type: "merge" });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  /** The metadata of an object as the server has it now; `undefined` when there is none with this uid. */
  async #live(resource: Resource, namespace: string | undefined, name: string, uid: string): Promise<ObjectMeta | undefined> {
    try {
      const { metadata } = await this.#context.client.resource(resource).get({ namespace, name });
      return metadata?.uid === uid ? metadata : undefined;
    } catch (error) {
      if (isStatus(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async #stateOf(node: GraphNode, reference: OwnerReference): Promise<OwnerState> {
    const { group } = parseApiVersion(reference.apiVersion);
    const resource = this.#monitors.find(group, reference.kind) ?? (await this.#monitors.findFresh(group, reference.kind));
    // A kind that nobody serves may come back (a CustomResourceDefinition that is being replaced): never a reason to delete.
    if (resource === undefined)
      throw new Error(`no resource of kind ${reference.kind} in ${reference.apiVersion}, the owner of ${node.name}`);
    if (resource.namespaced && node.namespace === undefined) return "unresolvable";
    const owner = await this.#live(resource, resource.namespaced ? node.namespace : undefined, reference.name, reference.uid);
    if (owner === undefined) return "dangling";
    return graphNode(resource, owner).isDeletingDependents ? "waiting" : "solid";
  }
}

function without(finalizers: readonly string[] | undefined, finalizer: string): readonly string[] {
  return (finalizers ?? []).filter((other) => other !== finalizer);
}
