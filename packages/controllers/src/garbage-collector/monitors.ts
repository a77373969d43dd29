import { messageOf, sleep } from "@skiff/base";
import { apiVersionOf, customResourceDefinitionKind, groupResource, type KubeObject } from "@skiff/api";
import { discoverResources, type DiscoveredResource, type Informer, type InformerFactory } from "@skiff/client";
import type { ControllerContext } from "../controller-context.ts";
import { graphNode, type OwnerGraph } from "./owner-graph.ts";

/** Kinds come and go with CustomResourceDefinitions, whose changes we see; aggregated servers we can only ask about. */
const DISCOVERY_INTERVAL_MS = 300_000;
/** Between a change of a CustomResourceDefinition and the moment when its kind is served. */
const DISCOVERY_DELAY_MS = 1000;
/** Events have no owners and are many. */
const IGNORED = new Set(["events", "events.events.k8s.io"]);

interface Monitor {
  readonly resource: DiscoveredResource;
  readonly informer: Informer<KubeObject>;
  stop(): void;
}

/** One metadata informer for each kind that can be deleted, all of them feeding the graph; `look` gets what a change concerns. */
export class Monitors {
  readonly #context: ControllerContext;
  readonly #informers: InformerFactory;
  readonly #graph: OwnerGraph;
  readonly #look: (uids: readonly string[]) => void;
  readonly #monitors = new Map<string, Monitor>();
  #resources: readonly DiscoveredResource[] = [];
  #discovering: Promise<void> = Promise.resolve();
  #nextDiscovery: Promise<void> | undefined;
  #firstSync: Promise<void> = Promise.resolve();

  constructor(context: ControllerContext, graph: OwnerGraph, look: (uids: readonly string[]) => void) {
    this.#context = context;
    this.#informers = context.informers;
    this.#graph = graph;
    this.#look = look;
  }

  /** The kind, as far as the last discovery knows. */
  find(group: string, kind: string): DiscoveredResource | undefined {
    return this.#resources.find((resource) => resource.group === group && resource.kind === kind);
  }

  /** The kind, as the server has it now. */
  async findFresh(group: string, kind: string): Promise<DiscoveredResource | undefined> {
    await this.#discover();
    return this.find(group, kind);
  }

  /** Follows the kinds as they come and go. Answers how to stop. */
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

  /** Resolves when every kind that was there at the start is in the graph. */
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

  /**
   * One discovery at a time: a slow one that began before a kind came would take away again what a later one has found.
   * Whoever asks while one is under way waits for the next, which all of them share.
   */
  #discover(): Promise<void> {
    this.#nextDiscovery ??= this.#discovering
      .catch(() => {})
      .then(() => {
        this.#nextDiscovery = undefined;
        return (this.#discovering = this.#discoverOnce());
      });
    return this.#nextDiscovery;
  }

  async #discoverOnce(): Promise<void> {
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
