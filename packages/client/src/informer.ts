import type { KubeObject } from "@skiff/api";

/** One change that an {@link Informer} saw. Handlers get it after the cache has changed. */
export interface InformerChange<T> {
  readonly type: "added" | "updated" | "deleted";
  /** `namespace/name`, or the name. */
  readonly key: string;
  /** The object as it is now; after a deletion as it was last seen. */
  readonly object: T;
  /** Before an update. */
  readonly previous?: T;
}

/**
 * A local, always nearly current copy of all objects of a kind (or those that a selector picks), kept up by list and
 * watch. Objects are frozen and shared.
 *
 * Guarantees: an update never joins two objects with different uids: when a name was taken over by a new object, handlers
 * see `deleted` and then `added`. A handler that throws disturbs neither the cache nor the other handlers.
 */
export interface Informer<T extends KubeObject> {
  /** True once the first list is in the cache. */
  readonly hasSynced: boolean;
  /** The newest revision up to which the cache is complete; `undefined` before the first list. Bookmarks raise it too. */
  readonly resourceVersion: string | undefined;
  /** Resolves when {@link hasSynced} becomes true; rejects when the signal is aborted first. */
  synced(signal?: AbortSignal): Promise<void>;
  get(key: string): T | undefined;
  /** All objects, in no particular order. With a namespace, only its objects (from an index). */
  list(namespace?: string): readonly T[];
  /** The objects for which the index function `index` answered `value`. Errors: throws when there is no such index. */
  byIndex(index: string, value: string): readonly T[];
  /**
   * Adds an index. Indexes may be added at any time and are built from the cache. Adding a name again is ignored: parts
   * that share an informer share its indexes, so a name must always mean the same values.
   */
  addIndex(index: string, values: (object: T) => readonly string[]): void;
  /** Calls `handler` for each change, and at once with `added` for what the cache holds already. Answers how to stop. */
  onChange(handler: (change: InformerChange<T>) => void): () => void;
}
