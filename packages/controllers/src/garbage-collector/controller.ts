import { messageOf, sleep } from "@skiff/base";
import {
  apiVersionOf,
  customResourceDefinitionKind,
  groupResource,
  isStatus,
  parseApiVersion,
  type KubeObject,
  type ObjectMeta,
  type OwnerReference,
  type Resource,
} from "@skiff/api";
import { discoverResources, type DiscoveredResource, type Informer, type InformerFactory } from "@skiff/client";
import { type AnyController, type Controller, type Enqueue, type Outcome, type Source } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { graphNode, ORPHAN_FINALIZER, OwnerGraph, type GraphNode } from "./owner-graph.ts";
import { planOwnership, type ObservedOwnership, type OwnershipPlan, type OwnerState } from "./plan.ts";

const WORKERS = 20;
/** Kinds come and go with CustomResourceDefinitions, whose changes we see; aggregated servers we can only ask about. */
const DISCOVERY_INTERVAL_MS = 300_000;
/** Between a change of a CustomResourceDefinition and the moment when its kind is served. */
const DISCOVERY_DELAY_MS = 1000;
/** An owner that is there but not in the graph yet is looked for again after so long. */
const UNSEEN_OWNER_MS = 5000;
/** Events have no owners and are many. */
const IGNORED = new Set(["events", "events.events.k8s.io"]);

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

interface Monitor {
  readonly resource: DiscoveredResource;
  readonly informer: Informer<KubeObject>;
  stop(): void;
}

/** One metadata informer for each kind that can be deleted, all of them feeding the graph. */
class Monitors {
  readonly #context: ControllerContext;
  readonly #informers: InformerFactory;
  readonly #graph: OwnerGraph;
  readonly #look: (uids: readonly string[]) => void;
  readonly #monitors = new Map<string, Monitor>();
  #resources: readonly DiscoveredResource[] = [];
  #firstSync: Promise<void> = Promise.resolve();

  constructor(context: ControllerContext, graph: OwnerGraph, look: (uids: readonly string[]) => void) {
    this.#context = context;
    this.#informers = context.informers;
    this.#graph = graph;
    this.#look = look;
  }

  find(group: string, kind: string): DiscoveredResource | undefined {
    return this.#resources.find((resource) => resource.group === group && resource.kind === kind);
  }

  async findFresh(group: string, kind: string): Promise<DiscoveredResource | undefined> {
    await this.#discover();
    return this.find(group, kind);
  }

  start(): () => void {
    const stop = new AbortController();
    const { clock, log } = this.#context.host;
    let changed = (): void => {};
    const crds = this.#informers.informer(customResourceDefinitionKind);
    const unsubscribe = crds.onChange(() => changed());
    this.#firstSync = this.#discoverUntilDone(stop.signal);
    const loop = async (): Promise<void> => {
      await this.#firstSync;
      for (;;) {
        const woken = new AbortController();
        changed = () => woken.abort(new Error("a kind has changed"));
        const either = AbortSignal.any([stop.signal, woken.signal]);
        await sleep(clock, DISCOVERY_INTERVAL_MS, either).catch(() => {});
        if (!stop.signal.aborted) await sleep(clock, DISCOVERY_DELAY_MS, stop.signal).catch(() => {});
        if (stop.signal.aborted) return;
        await this.#discover().catch((error: unknown) => log.warn("discovery failed", { error: messageOf(error) }));
      }
    };
    loop().catch((error: unknown) => log.debug("the garbage collector's discovery ended", { error: messageOf(error) }));
    return () => {
      stop.abort(new Error("the garbage collector was stopped"));
      unsubscribe();
      for (const monitor of this.#monitors.values()) monitor.stop();
    };
  }

  async synced(signal: AbortSignal): Promise<void> {
    await this.#firstSync;
    // A kind whose server is away must not keep all others from being collected: its owners are checked live anyway.
    await Promise.all(Array.from(this.#monitors.values(), ({ informer }) => informer.synced(signal)));
  }

  async #discoverUntilDone(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context.host;
    for (;;) {
      try {
        return await this.#discover();
      } catch (error) {
        if (signal.aborted) return;
        log.warn("discovery failed", { error: messageOf(error) });
      }
      await sleep(clock, DISCOVERY_DELAY_MS, signal);
    }
  }

  async #discover(): Promise<void> {
    const { resources, failures } = await discoverResources(this.#context.client);
    this.#resources = resources;
    const wanted = new Map<string, DiscoveredResource>();
    for (const resource of resources) {
      const isCollected =
        ["delete", "list", "watch"].every((verb) => resource.verbs.includes(verb)) && !IGNORED.has(groupResource(resource));
      if (isCollected) wanted.set(`${apiVersionOf(resource)}/${resource.plural}`, resource);
    }
    for (const [key, resource] of wanted) if (!this.#monitors.has(key)) this.#monitors.set(key, this.#monitor(resource));
    for (const [key, monitor] of this.#monitors) {
      if (wanted.has(key) || failures.has(apiVersionOf(monitor.resource))) continue;
      monitor.stop();
      this.#monitors.delete(key);
      for (const object of monitor.informer.list()) this.#look(this.#graph.remove(object.metadata?.uid ?? ""));
      await this.#informers.release(monitor.resource, { metadataOnly: true });
    }
  }

  #monitor(resource: DiscoveredResource): Monitor {
    const informer = this.#informers.informer<KubeObject>(resource, { metadataOnly: true });
    const stop = informer.onChange(({ type, object }) => {
      const uid = object.metadata?.uid;
      if (uid === undefined) return;
      this.#look(type === "deleted" ? this.#graph.remove(uid) : this.#graph.put(graphNode(resource, object.metadata ?? {})));
    });
    return { resource, informer, stop };
  }
}
