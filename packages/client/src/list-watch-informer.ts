import { jitter, messageOf, sleep, type Host } from "@skiff/base";
import {
  isStatus,
  objectKey,
  statusError,
  StatusError,
  type KubeList,
  type KubeObject,
  type Status,
  type WatchEvent,
  type WatchHandle,
} from "@skiff/api";
import type { ListOptions, ResourceClient, WatchOptions } from "./client.ts";
import { InformerCache } from "./informer-cache.ts";
import type { Informer, InformerChange } from "./informer.ts";

/** The first wait after a failure; each further one doubles it up to {@link LONGEST_BACK_OFF_MS}. */
const FIRST_BACK_OFF_MS = 200;
const LONGEST_BACK_OFF_MS = 30_000;
/** A connection that lived so long counts as good: the next failure starts with the first wait again. */
const HEALTHY_AFTER_MS = 10_000;
/** Objects per page of a list. */
const PAGE_SIZE = 500;
/** Servers end a watch after between one and two times this, so that clients spread over servers again. */
const WATCH_SECONDS_MIN = 300;
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

/** What an informer holds: everything, or what a namespace and selectors leave of it. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only `metadata` is fetched (`PartialObjectMetadata`). */
  readonly metadataOnly?: boolean;
}

/**
 * An {@link Informer} over any transport.
 *
 * It first asks for a watch that starts with the present state (`sendInitialEvents`, KEP-3157) and falls back to paged
 * lists where the server refuses that. A broken watch goes on from the last revision seen; when the server has forgotten
 * that revision (410), the state is fetched anew and compared, so that handlers see real differences only.
 *
 * Caveat: the cache holds every selected object; its size is bounded by what the API server admits.
 */
export class ListWatchInformer<T extends KubeObject> implements Informer<T> {
  readonly #client: ResourceClient<T>;
  readonly #selection: Selection;
  readonly #host: Host;
  readonly #cache = new InformerCache<T>();
  readonly #handlers = new Set<(change: InformerChange<T>) => void>();
  readonly #stop = new AbortController();
  readonly #syncWaiters = new Set<() => void>();
  #resourceVersion: string | undefined;
  #hasSynced = false;
  /** The state must be fetched anew: at the start, and after a 410. */
  #needsState = true;
  #streamsInitialState = true;
  #running: Promise<void> | undefined;

  constructor(client: ResourceClient<T>, selection: Selection, host: Host) {
    this.#client = client;
    this.#selection = selection;
    this.#host = host;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get resourceVersion(): string | undefined {
    return this.#resourceVersion;
  }

  synced(signal?: AbortSignal): Promise<void> {
    if (this.#hasSynced) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#syncWaiters.delete(onSync);
        reject(signal?.reason as Error);
      };
      const onSync = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      if (signal?.aborted) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#syncWaiters.add(onSync);
    });
  }

  get(key: string): T | undefined {
    return this.#cache.get(key);
  }

  list(namespace?: string): readonly T[] {
    return this.#cache.list(namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#cache.byIndex(index, value);
  }

  addIndex(index: string, values: (object: T) => readonly string[]): void {
    this.#cache.addIndex(index, values);
  }

  onChange(handler: (change: InformerChange<T>) => void): () => void {
    // A wrapper of its own, so that the same function can be registered twice and removed once.
    const own = (change: InformerChange<T>): void => handler(change);
    for (const [key, object] of this.#cache.entries()) this.#call(own, { type: "added", key, object });
    this.#handlers.add(own);
    return () => void this.#handlers.delete(own);
  }

  /** Begins to fill the cache; further calls do nothing. */
  start(): void {
    this.#running ??= this.#run(this.#stop.signal);
  }

  /** Ends the watch; the cache stays as it is. Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error("the informer was stopped"));
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let backOffMs = FIRST_BACK_OFF_MS;
    while (!signal.aborted) {
      const startedMs = this.#host.clock.monotonic();
      try {
        if (this.#needsState && !this.#streamsInitialState) this.#replace(...(await this.#fetchAll(signal)));
        await this.#watch(signal);
        // A server that ends each watch at once must not make us spin.
        if (this.#host.clock.monotonic() - startedMs >= 1000) continue;
      } catch (error) {
        if (signal.aborted) return;
        if (this.#onFailure(error)) continue;
      }
      if (this.#host.clock.monotonic() - startedMs >= HEALTHY_AFTER_MS) backOffMs = FIRST_BACK_OFF_MS;
      await sleep(this.#host.clock, jitter(this.#host.random, backOffMs, 1), signal).catch(() => {});
      backOffMs = Math.min(LONGEST_BACK_OFF_MS, backOffMs * 2);
    }
  }

  /** Draws the conclusions from a failure. Answers true when the next attempt differs and needs no waiting. */
  #onFailure(error: unknown): boolean {
    if (isStatus(error, "Expired", "Gone")) {
      const first = !this.#needsState;
      this.#needsState = true;
      return first;
    }
    // Servers without KEP-3157 refuse `sendInitialEvents` as invalid or as a bad request.
    if (this.#needsState && this.#streamsInitialState && isStatus(error, "Invalid", "BadRequest")) {
      this.#streamsInitialState = false;
      return true;
    }
    this.#host.log.warn("list or watch failed; trying again", { error: messageOf(error) });
    return false;
  }

  async #fetchAll(signal: AbortSignal): Promise<[Map<string, T>, string | undefined]> {
    const objects = new Map<string, T>();
    let page: KubeList<T> | undefined;
    do {
      const options: ListOptions = { ...this.#selection, limit: PAGE_SIZE, continue: page?.metadata?.continue, signal };
      page = await this.#client.list(options);
      for (const object of page.items) objects.set(objectKey(object), object);
    } while (page.metadata?.continue);
    return [objects, page.metadata?.resourceVersion];
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const initial = this.#needsState ? new Map<string, T>() : undefined;
    const options: WatchOptions = {
      ...this.#selection,
      allowWatchBookmarks: true,
      timeoutSeconds: Math.floor(jitter(this.#host.random, WATCH_SECONDS_MIN, 1)),
      signal,
      ...(initial ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" } : { resourceVersion: this.#resourceVersion }),
    };
    let handle: WatchHandle | undefined;
    let fail: (error: unknown) => void = () => {};
    const failed = new Promise<never>((_resolve, reject) => (fail = reject));
    failed.catch(() => {});
    const onAbort = (): void => fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    let over = false;
    let pending: Map<string, T> | undefined = initial;
    try {
      handle = await this.#client.watch(options, (events) => {
        if (over) return;
        try {
          for (const event of events) {
            if (pending === undefined) this.#apply(event);
            else pending = this.#collect(pending, event);
          }
        } catch (error) {
          over = true;
          fail(error);
        }
      });
      handle.ended.catch(() => {});
      await Promise.race([handle.ended, failed]);
      if (pending !== undefined) throw new Error("the watch ended before the initial state was complete");
    } finally {
      over = true;
      signal.removeEventListener("abort", onAbort);
      handle?.close();
    }
  }

  /** Gathers the initial state; answers `undefined` once it is complete and in the cache. */
  #collect(state: Map<string, T>, event: WatchEvent<T>): Map<string, T> | undefined {
    const { object } = event;
    switch (event.type) {
      case "ADDED":
      case "MODIFIED":
        state.set(objectKey(object), object);
        return state;
      case "DELETED":
        state.delete(objectKey(object));
        return state;
      case "BOOKMARK":
        if (object.metadata?.annotations?.[INITIAL_EVENTS_END] !== "true") return state;
        this.#replace(state, object.metadata.resourceVersion);
        return undefined;
      default:
        throw errorOf(object);
    }
  }

  #apply(event: WatchEvent<T>): void {
    const { object } = event;
    if (event.type === "ERROR") throw errorOf(object);
    // The revision moves first: handlers compare it with the revisions of their own writes.
    this.#resourceVersion = object.metadata?.resourceVersion ?? this.#resourceVersion;
    if (event.type === "BOOKMARK") return;
    const key = objectKey(object);
    if (event.type === "DELETED") this.#remove(key, object);
    else this.#put(key, object);
  }

  #replace(state: Map<string, T>, resourceVersion: string | undefined): void {
    this.#resourceVersion = resourceVersion;
    this.#needsState = false;
    for (const key of this.#cache.keys()) if (!state.has(key)) this.#remove(key);
    for (const [key, object] of state) this.#put(key, object);
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    for (const waiter of this.#syncWaiters) waiter();
    this.#syncWaiters.clear();
  }

  #put(key: string, object: T): void {
    const previous = this.#cache.get(key);
    if (previous !== undefined && previous.metadata?.uid !== object.metadata?.uid) this.#remove(key);
    else if (previous !== undefined && previous.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    const replaced = this.#cache.set(key, object);
    this.#emit(replaced === undefined ? { type: "added", key, object } : { type: "updated", key, object, previous: replaced });
  }

  #remove(key: string, last?: T): void {
    const previous = this.#cache.delete(key);
    if (previous !== undefined) this.#emit({ type: "deleted", key, object: last ?? previous });
  }

  #emit(change: InformerChange<T>): void {
    for (const handler of this.#handlers) this.#call(handler, change);
  }

  #call(handler: (change: InformerChange<T>) => void, change: InformerChange<T>): void {
    try {
      handler(change);
    } catch (error) {
      this.#host.log.error("a handler of an informer failed", { key: change.key, error });
    }
  }
}

function errorOf(object: unknown): StatusError {
  const status = object as Partial<Status>;
  if (status.reason === undefined && status.code === 410) return statusError("Expired", status.message ?? "the revision is too old");
  return new StatusError(status as Status);
}
