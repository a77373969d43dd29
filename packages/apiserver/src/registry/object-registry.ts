import { assert, messageOf, sleep, type Host, type Timer } from "@skiff/base";
import { statusError, type KindDefinition } from "@skiff/api";
import { prefixEnd, type Store, type StoreWatch, type WatchBatch } from "@skiff/store";
import type { HistoryLimits } from "./event-history.ts";
import { prefixOfKey, REGISTRY_PREFIX } from "./store-keys.ts";
import { WatchCache } from "./watch-cache.ts";

/** How long a read waits for the cache to reach the revision that it needs. */
const FRESHNESS_TIMEOUT_MS = 3000;
/** Between attempts to reach the store again. */
const RETRY_DELAY_MS = 500;

interface RevisionWaiter {
  readonly revision: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

/**
 * The watch caches of all kinds, kept up by one watch on the store.
 *
 * Guarantees: all caches are at the same revision; that revision never goes back.
 */
export class ObjectRegistry {
  readonly store: Store;
  readonly #host: Host;
  readonly #limits: HistoryLimits;
  readonly #caches = new Map<string, WatchCache>();
  readonly #waiters = new Set<RevisionWaiter>();
  #watch: StoreWatch | undefined;
  #revision = 0;
  #stopped = false;
  /** Of the present watch on the store; aborted when that is lost. Absent before the start. */
  #connection: AbortController | undefined;
  #reconnecting = false;

  constructor(host: Host, store: Store, limits: HistoryLimits = {}) {
    this.#host = host;
    this.store = store;
    this.#limits = limits;
  }

  /** The newest revision that all caches have reached. */
  get revision(): number {
    return this.#revision;
  }

  /** False before the start and while the connection to the store is lost. */
  get connected(): boolean {
    return this.#connection?.signal.aborted === false;
  }

  get caches(): IterableIterator<WatchCache> {
    return this.#caches.values();
  }

  /** The cache of the kind with that prefix of keys, if it is kept. */
  cacheOf(prefix: string): WatchCache | undefined {
    return this.#caches.get(prefix);
  }

  /** Opens the watch on the store. Kinds are added before or after. */
  async start(): Promise<void> {
    const revision = await this.store.currentRevision();
    if (this.#stopped) return;
    this.#revision = Math.max(this.#revision, revision);
    const connection = new AbortController();
    this.#connection = connection;
    this.#watch = this.store.watch({
      key: REGISTRY_PREFIX,
      end: prefixEnd(REGISTRY_PREFIX),
      startRevision: revision + 1,
      onBatch: (batch) => this.#onBatch(batch),
      onError: (error) => this.#onError(error, connection),
    });
    connection.signal.throwIfAborted();
    await Promise.all([...this.#caches.values()].map((cache) => this.#load(cache)));
    // Caches that were filled after the loss would miss what happens until the next watch.
    connection.signal.throwIfAborted();
  }

  /** Starts to keep a kind. `keepsVersions`: see {@link WatchCache}. Rejects when the store cannot be read. */
  async add(kind: KindDefinition, keepsVersions = false): Promise<WatchCache> {
    const cache = new WatchCache(kind, this.#host.clock, this.#limits, keepsVersions);
    assert(!this.#caches.has(cache.prefix), `${cache.prefix} is kept already`);
    this.#caches.set(cache.prefix, cache);
    if (this.connected) await this.#load(cache);
    return cache;
  }

  /** Forgets a kind and ends its watches. What is in the store stays there. */
  remove(cache: WatchCache): void {
    this.#caches.delete(cache.prefix);
    cache.reset();
  }

  /** Resolves when all caches have reached `revision`; rejects with `Timeout` when that takes too long. */
  async reached(revision: number): Promise<void> {
    if (this.#revision >= revision) return;
    // Other keys of the store may have moved its revision on; then no event comes, and only progress tells.
    this.#watch?.requestProgress();
    await new Promise<void>((resolve, reject) => {
      const timer = this.#host.clock.setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(tooLarge(revision, this.#revision));
      }, FRESHNESS_TIMEOUT_MS);
      const waiter: RevisionWaiter = { revision, resolve, reject, timer };
      this.#waiters.add(waiter);
    });
  }

  /** Resolves when the caches have seen every write that was acknowledged before the call. */
  async catchUp(): Promise<void> {
    await this.reached(await this.store.currentRevision());
  }

  stop(): void {
    this.#stopped = true;
    this.#disconnect(new Error("the server is shutting down"));
    for (const waiter of this.#waiters) {
      waiter.timer.cancel();
      waiter.reject(statusError("ServiceUnavailable", "the server is shutting down"));
    }
    this.#waiters.clear();
  }

  #onBatch(batch: WatchBatch): void {
    for (const { type, kv } of batch.events) this.#caches.get(prefixOfKey(kv.key))?.apply(type, kv);
    if (batch.revision <= this.#revision) return;
    this.#revision = batch.revision;
    for (const waiter of this.#waiters) {
      if (waiter.revision > this.#revision) continue;
      this.#waiters.delete(waiter);
      waiter.timer.cancel();
      waiter.resolve();
    }
  }

  /** Leaves the cache empty when the watch is lost meanwhile. */
  async #load(cache: WatchCache): Promise<void> {
    const connection = this.#connection;
    const { kvs, revision } = await this.store.range({ key: cache.prefix, end: prefixEnd(cache.prefix) });
    if (connection?.signal.aborted !== false) return;
    cache.load(kvs, revision);
    // The store's watch delivers this revision too, but only if something of ours changed after its start.
    if (revision > this.#revision) await this.reached(revision);
  }

  #onError(error: Error, connection: AbortController): void {
    if (this.#stopped || connection.signal.aborted) return;
    this.#host.log.error("lost the watch on the store; all caches start anew", { error: messageOf(error) });
    this.#disconnect(error);
    if (this.#reconnecting) return;
    // The loop handles its own failures and ends with the server.
    void this.#reconnect();
  }

  #disconnect(reason: Error): void {
    this.#connection?.abort(reason);
    this.#watch?.close();
    for (const cache of this.#caches.values()) cache.reset();
  }

  /** One at a time: two watches would deliver every change twice. */
  async #reconnect(): Promise<void> {
    this.#reconnecting = true;
    while (!this.#stopped) {
      await sleep(this.#host.clock, RETRY_DELAY_MS);
      try {
        await this.start();
        break;
      } catch (error) {
        this.#disconnect(error as Error);
        this.#host.log.warn("the store cannot be reached", { error: messageOf(error) });
      }
    }
    this.#reconnecting = false;
  }
}

/** 504 for a revision that this server has not reached: the client is to come back. */
function tooLarge(wanted: number, current: number): Error {
  return statusError("Timeout", `Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}
