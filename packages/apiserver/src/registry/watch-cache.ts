import { assert, type Clock } from "@skiff/base";
import { parseApiVersion, type KindDefinition, type KubeObject, readJson } from "@skiff/api";
import type { KeyValue } from "@skiff/store";
import { CacheEvent } from "./cache-event.ts";
import { EventHistory, type HistoryLimits } from "./event-history.ts";
import { ObjectCodec } from "./object-codec.ts";
import { ObjectIndex } from "./object-index.ts";
import type { Selection } from "./selection.ts";
import { kindPrefix, objectPath } from "./store-keys.ts";
import { StoredObject } from "./stored-object.ts";
import { WatcherIndex, type ChangeReceiver, type Watcher } from "./watcher-index.ts";

/**
 * A write of this process that is on its way to the store. When the store's event for it arrives, the cache takes over
 * the object that was written instead of parsing its bytes again.
 */
interface PendingWrite {
  readonly path: string;
  readonly object: KubeObject;
  readonly bytes: Buffer;
  /** Set as soon as the write has its revision. */
  stored: StoredObject | undefined;
}

/**
 * The newest state and the recent past of all objects of one kind, fed by the store's watch.
 *
 * Guarantees: reads and watches see changes in revision order and only after the store made them durable; objects are
 * frozen and shared. Memory: the objects, and the history up to its limits.
 */
export class WatchCache {
  readonly kind: KindDefinition;
  readonly codec: ObjectCodec;
  readonly prefix: string;
  readonly objects: ObjectIndex;
  readonly #clock: Clock;
  readonly #limits: HistoryLimits;
  readonly #keepsVersions: boolean;
  readonly #watchers: WatcherIndex;
  /** Callbacks of in-process readers that want each change in the turn in which it becomes readable. */
  readonly #observers = new Set<(event: CacheEvent) => void>();
  readonly #pending = new Map<string, PendingWrite[]>();
  #history = new EventHistory(0);
  /** The revision at which {@link WatchCache.load} filled the cache; -1 before. */
  #loadedAt = -1;
  #lastChange = 0;
  /** Changes that arrive while the cache is being filled. */
  #early: { readonly type: "put" | "delete"; readonly kv: KeyValue }[] = [];

  /** `keepsVersions`: objects that were stored in another version stay in it; else they are taken for objects of the kind's own. */
  constructor(kind: KindDefinition, clock: Clock, limits: HistoryLimits = {}, keepsVersions = false) {
    this.kind = kind;
    this.codec = new ObjectCodec(kind);
    this.prefix = kindPrefix(kind);
    this.objects = new ObjectIndex(kind);
    this.#clock = clock;
    this.#limits = limits;
    this.#keepsVersions = keepsVersions;
    this.#watchers = new WatcherIndex(kind);
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  get isLoaded(): boolean {
    return this.#loadedAt >= 0;
  }

  /** The revision of the newest change: a snapshot of any later revision equals the present state. */
  get lastChange(): number {
    return this.#lastChange;
  }

  /** The oldest revision from which a watch can start. */
  get oldestRevision(): number {
    return this.#history.floor;
  }

  /** Fills the cache with the state at `revision`; changes that came in meanwhile follow. */
  load(kvs: readonly KeyValue[], revision: number): void {
    this.objects.clear();
    this.#history = new EventHistory(revision, this.#limits);
    for (const kv of kvs) {
      const stored = this.decode(kv);
      this.objects.set(stored);
      for (const observer of this.#observers) observer(new CacheEvent(stored.revision, stored, undefined, this.#clock.now()));
    }
    this.#loadedAt = revision;
    this.#lastChange = revision;
    for (const { type, kv } of this.#early.splice(0)) if (kv.modRevision > revision) this.apply(type, kv);
  }

  /** Forgets everything and ends all watches: the connection to the store's changes is lost. */
  reset(): void {
    this.#loadedAt = -1;
    this.#early = [];
    this.#pending.clear();
    this.#watchers.endAll();
  }

  /** Announces a write, so that its object need not be parsed again. Call {@link WatchCache.withdraw} if it fails. */
  announce(namespace: string, name: string, object: KubeObject, bytes: Buffer): PendingWrite {
    const path = objectPath(namespace, name);
    const write: PendingWrite = { path, object, bytes, stored: undefined };
    const writes = this.#pending.get(path);
    if (writes === undefined) this.#pending.set(path, [write]);
    else writes.push(write);
    return write;
  }

  /** The write got `revision`; answers the state that it made. */
  complete(write: PendingWrite, revision: number): StoredObject {
    return (write.stored ??= new StoredObject(this.codec, write.object, revision, write.bytes));
  }

  /** The write will not happen, or nobody knows. */
  withdraw(write: PendingWrite): void {
    const writes = this.#pending.get(write.path);
    const at = writes?.indexOf(write) ?? -1;
    if (writes === undefined || at < 0) return;
    if (writes.length === 1) this.#pending.delete(write.path);
    else writes.splice(at, 1);
  }

  /** Takes in one change from the store's watch. */
  apply(type: "put" | "delete", kv: KeyValue): void {
    if (!this.isLoaded) {
      this.#early.push({ type, kv });
      return;
    }
    const path = kv.key.slice(this.prefix.length);
    const slash = this.kind.namespaced ? path.indexOf("/") : -1;
    const previous = this.objects.get(slash < 0 ? "" : path.slice(0, slash), path.slice(slash + 1));
    if (previous !== undefined)
      assert(previous.revision < kv.modRevision, `revision ${kv.modRevision} of ${kv.key} arrived after ${previous.revision}`);
    let current: StoredObject | undefined;
    if (type === "put") {
      current = this.#adopt(path, kv);
      this.objects.set(current);
    } else {
      if (previous === undefined) return;
      this.objects.delete(previous.namespace, previous.name);
    }
    this.#lastChange = kv.modRevision;
    const event = new CacheEvent(kv.modRevision, current, previous, this.#clock.now());
    this.#history.push(event);
    for (const observer of this.#observers) observer(event);
    this.#watchers.dispatch(event);
  }

  /** Calls `observer` for each change in the very turn in which it becomes readable. Answers how to stop. */
  observe(observer: (event: CacheEvent) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /**
   * Opens a watch for changes after `revision`, those in the history first. Answers `undefined` when the history does
   * not reach back that far.
   */
  watch(selection: Selection, revision: number, receiver: ChangeReceiver): Watcher | undefined {
    const past = this.#history.since(revision);
    if (past === undefined) return undefined;
    const afterRevision = past.at(-1)?.revision ?? revision;
    const watcher: Watcher = { selection, receiver, afterRevision: Math.max(afterRevision, revision), pending: [], closed: false };
    for (const event of past) {
      const state = event.current ?? event.previous;
      if (selection.namespace !== "" && state?.namespace !== selection.namespace) continue;
      const change = event.seenBy(selection.selects);
      if (change !== undefined) watcher.pending.push(change);
    }
    this.#watchers.add(watcher);
    return watcher;
  }

  /** Hands over at once what is queued for a watch. */
  flush(watcher: Watcher): void {
    this.#watchers.flush(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.remove(watcher);
  }

  /** An object as another process, or an earlier one, wrote it. Fields that newer versions default are filled in. */
  decode(kv: KeyValue): StoredObject {
    const value = Buffer.from(kv.value.buffer, kv.value.byteOffset, kv.value.byteLength);
    const object = readJson(value.toString()) as KubeObject;
    if (this.#keepsVersions && object.apiVersion !== this.codec.apiVersion) {
      const { group, version } = parseApiVersion(object.apiVersion ?? "");
      return new StoredObject(new ObjectCodec({ group, version, kind: this.kind.kind }), object, kv.modRevision, value);
    }
    this.kind.applyDefaults?.(object);
    const bytes = this.codec.encode(object);
    return new StoredObject(this.codec, object, kv.modRevision, bytes.equals(value) ? value : bytes);
  }

  #adopt(path: string, kv: KeyValue): StoredObject {
    for (const write of this.#pending.get(path) ?? []) {
      if (write.stored !== undefined ? write.stored.revision === kv.modRevision : write.bytes.equals(kv.value)) {
        this.withdraw(write);
        return this.complete(write, kv.modRevision);
      }
    }
    return this.decode(kv);
  }
}
