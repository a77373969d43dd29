import { selectedField, type KindDefinition } from "@skiff/api";
import type { CacheEvent, WatchedChange } from "./cache-event.ts";
import type { Selection } from "./selection.ts";
import type { StoredObject } from "./stored-object.ts";

/** Whoever gets the changes of a watch. */
export interface ChangeReceiver {
  /** In revision order, in batches, in a microtask after the change became readable. Must not throw. */
  onChanges(changes: readonly WatchedChange[]): void;
  /** The cache had to start anew, or was stopped: no more changes will come. */
  onEnd(): void;
}

/** One registered watch of a kind. */
export interface Watcher {
  readonly selection: Selection;
  readonly receiver: ChangeReceiver;
  /** Changes up to this revision are not delivered. */
  readonly afterRevision: number;
  readonly pending: WatchedChange[];
  closed: boolean;
}

/**
 * The watches of one kind, indexed by what they select, so that a change costs time for those that it concerns and not
 * for all: thousands of kubelets each watch the Pods of their own node.
 */
export class WatcherIndex {
  readonly #kind: KindDefinition;
  /** By namespace; the empty name holds the watches of all namespaces. Those with an indexed field are not here. */
  readonly #byNamespace = new Map<string, Set<Watcher>>();
  readonly #byField = new Map<string, Map<string, Set<Watcher>>>();
  readonly #dirty = new Set<Watcher>();
  #flushScheduled = false;
  #size = 0;

  constructor(kind: KindDefinition) {
    this.#kind = kind;
  }

  get size(): number {
    return this.#size;
  }

  add(watcher: Watcher): void {
    this.#bucketOf(watcher.selection, true)?.add(watcher);
    this.#size++;
  }

  remove(watcher: Watcher): void {
    if (watcher.closed) return;
    watcher.closed = true;
    this.#dirty.delete(watcher);
    this.#size--;
    const { indexed, namespace } = watcher.selection;
    const bucket = this.#bucketOf(watcher.selection, false);
    bucket?.delete(watcher);
    if (bucket?.size !== 0) return;
    if (indexed === undefined) {
      this.#byNamespace.delete(namespace);
      return;
    }
    const values = this.#byField.get(indexed.field);
    values?.delete(indexed.value);
    if (values?.size === 0) this.#byField.delete(indexed.field);
  }

  /** Queues the change for every watch that it concerns. */
  dispatch(event: CacheEvent): void {
    const state = event.current ?? event.previous;
    if (state === undefined || this.#size === 0) return;
    this.#offer(this.#byNamespace.get(""), event);
    if (state.namespace !== "") this.#offer(this.#byNamespace.get(state.namespace), event);
    for (const [field, values] of this.#byField) {
      const now = this.#fieldValue(field, event.current);
      const before = this.#fieldValue(field, event.previous);
      if (now !== undefined) this.#offer(values.get(now), event);
      if (before !== undefined && before !== now) this.#offer(values.get(before), event);
    }
  }

  /** Ends all watches. */
  endAll(): void {
    const watchers = [...this.#byNamespace.values(), ...[...this.#byField.values()].flatMap((values) => [...values.values()])];
    for (const watcher of watchers.flatMap((bucket) => [...bucket])) {
      this.remove(watcher);
      watcher.receiver.onEnd();
    }
  }

  #offer(bucket: Set<Watcher> | undefined, event: CacheEvent): void {
    if (bucket === undefined) return;
    for (const watcher of bucket) {
      if (event.revision <= watcher.afterRevision) continue;
      const { namespace, indexed, selects } = watcher.selection;
      if (indexed !== undefined && namespace !== "" && namespace !== (event.current ?? event.previous)?.namespace) continue;
      const change = event.seenBy(selects);
      if (change === undefined) continue;
      watcher.pending.push(change);
      this.#dirty.add(watcher);
      this.#scheduleFlush();
    }
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      const watchers = [...this.#dirty];
      this.#dirty.clear();
      for (const watcher of watchers) this.flush(watcher);
    });
  }

  /** Hands over at once what is queued for `watcher`. */
  flush(watcher: Watcher): void {
    if (watcher.closed || watcher.pending.length === 0) return;
    watcher.receiver.onChanges(watcher.pending.splice(0));
  }

  #fieldValue(field: string, stored: StoredObject | undefined): string | undefined {
    return stored === undefined ? undefined : selectedField(this.#kind, stored.object, field);
  }

  #bucketOf(selection: Selection, create: boolean): Set<Watcher> | undefined {
    const { indexed, namespace } = selection;
    if (indexed === undefined) return bucketIn(this.#byNamespace, namespace, create);
    let values = this.#byField.get(indexed.field);
    if (values === undefined && create) this.#byField.set(indexed.field, (values = new Map<string, Set<Watcher>>()));
    return values === undefined ? undefined : bucketIn(values, indexed.value, create);
  }
}

function bucketIn(buckets: Map<string, Set<Watcher>>, key: string, create: boolean): Set<Watcher> | undefined {
  let bucket = buckets.get(key);
  if (bucket === undefined && create) buckets.set(key, (bucket = new Set<Watcher>()));
  return bucket;
}
