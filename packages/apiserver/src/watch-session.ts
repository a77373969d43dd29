import { assert, randomInteger, type Host, type Timer } from "@skiff/base";
import { statusError, type Status } from "@skiff/api";
import { ConvertingSink } from "./converting-sink.ts";
import type { ListOptions } from "./list-options.ts";
import { WatchedChange } from "./registry/cache-event.ts";
import type { ObjectRegistry } from "./registry/object-registry.ts";
import type { Selection } from "./registry/selection.ts";
import type { StoredObject } from "./registry/stored-object.ts";
import type { Watcher } from "./registry/watcher-index.ts";
import type { WatchCache } from "./registry/watch-cache.ts";
import type { ServedResource } from "./served-resources.ts";

/** Clients that ask for bookmarks get one this often, so that they can come back with a recent revision. */
const BOOKMARK_INTERVAL_MS = 60_000;
/** Watches without a `timeoutSeconds` end after this time and up to as much again, spread out so that not all come back at once. */
const DEFAULT_TIMEOUT_SECONDS = 1800;

/** Whoever gets the events of a watch, in its own form. */
export interface WatchSink {
  /** Must not throw. */
  changes(changes: readonly WatchedChange[]): void;
  /** Everything up to `revision` has been delivered. */
  bookmark(revision: number, initialEventsEnd: boolean): void;
  /** The last event: the watch broke. */
  error(status: Status): void;
  /** The watch is over; nothing follows. */
  end(): void;
}

/** What opens a watch. */
interface WatchSource {
  readonly host: Host;
  readonly registry: ObjectRegistry;
  readonly cache: WatchCache;
  readonly resource: ServedResource;
  readonly selection: Selection;
  /** What is left to be told of objects in the version of the request; only for kinds that are converted. */
  readonly selectsServed: ((served: StoredObject) => boolean) | undefined;
  readonly options: ListOptions;
  /** Called once when the session is over. */
  readonly onClose: () => void;
}

/**
 * One watch of one client, from its acceptance to its end.
 *
 * Guarantees: changes in revision order, none twice, none left out; a bookmark comes after everything up to its revision.
 */
export class WatchSession {
  readonly resource: ServedResource;
  readonly #source: WatchSource;
  readonly #initial: readonly StoredObject[];
  /** The revision of the initial objects. */
  readonly #startRevision: number;
  #watcher: Watcher | undefined;
  #sink: WatchSink | undefined;
  #held: WatchedChange[] = [];
  #timers: Timer[] = [];
  #closed = false;

  /**
   * Errors: `Expired` when the revision to start from is forgotten.
   */
  static async open(source: WatchSource): Promise<WatchSession> {
    const { registry, options } = source;
    const { resourceVersion: revision } = options;
    const wantsState = options.sendInitialEvents ?? (revision === undefined || revision === 0);
    if (revision === undefined) await registry.catchUp();
    else if (wantsState && revision > 0) await registry.reached(revision);
    // From here on there is no await: the initial objects and the start of the changes are of one revision.
    const initial = wantsState ? [...source.cache.objects.select(source.selection)] : [];
    const start = wantsState || !revision ? registry.revision : revision;
    return new WatchSession(source, initial, start);
  }

  private constructor(source: WatchSource, initial: readonly StoredObject[], startRevision: number) {
    this.#source = source;
    this.resource = source.resource;
    this.#initial = initial;
    this.#startRevision = startRevision;
    this.#watcher = source.cache.watch(source.selection, startRevision, {
      onChanges: (changes) => this.#onChanges(changes),
      onEnd: () => this.close(),
    });
    if (this.#watcher === undefined) {
      throw statusError("Expired", `too old resource version: ${startRevision} (${source.cache.oldestRevision})`);
    }
  }

  /** Starts the delivery. Called once. */
  start(receiver: WatchSink, endlessByDefault: boolean): void {
    assert(this.#sink === undefined, "a watch has one sink");
    const { host, options, cache, selectsServed } = this.#source;
    const { storage } = this.resource;
    const sink = storage === undefined ? receiver : new ConvertingSink(storage, selectsServed, receiver, () => this.close());
    if (this.#closed) {
      sink.end();
      return;
    }
    this.#sink = sink;
    if (this.#initial.length > 0) sink.changes(this.#initial.map((stored) => new WatchedChange("ADDED", stored)));
    if (options.sendInitialEvents && options.allowWatchBookmarks) sink.bookmark(this.#startRevision, true);
    const held = this.#held.splice(0);
    if (held.length > 0) sink.changes(held);
    if (this.#watcher !== undefined) cache.flush(this.#watcher);
    const {
      timeoutSeconds = endlessByDefault ? undefined : DEFAULT_TIMEOUT_SECONDS + randomInteger(host.random, DEFAULT_TIMEOUT_SECONDS),
    } = options;
    if (timeoutSeconds !== undefined) this.#timers.push(host.clock.setTimeout(() => this.close(), timeoutSeconds * 1000));
    if (options.allowWatchBookmarks) this.#scheduleBookmark();
  }

  /** Ends the watch. Nothing is delivered afterwards except the end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    if (this.#watcher !== undefined) this.#source.cache.unwatch(this.#watcher);
    this.#held = [];
    this.#source.onClose();
    this.#sink?.end();
  }

  #onChanges(changes: readonly WatchedChange[]): void {
    if (this.#closed) return;
    if (this.#sink === undefined) this.#held.push(...changes);
    else this.#sink.changes(changes);
  }

  #scheduleBookmark(): void {
    const { host, registry, cache } = this.#source;
    const timer = host.clock.setTimeout(() => {
      if (this.#closed) return;
      this.#timers = this.#timers.filter((each) => each !== timer);
      if (this.#watcher !== undefined) cache.flush(this.#watcher);
      if (this.#closed) return;
      this.#sink?.bookmark(Math.max(registry.revision, this.#startRevision), false);
      this.#scheduleBookmark();
    }, BOOKMARK_INTERVAL_MS);
    this.#timers.push(timer);
  }
}
