import { assert } from "@skiff/base";
import { keyRange, sortKey } from "./sort-key.ts";
import { SortedMap } from "./sorted-map.ts";

/** One version of a key. `P` is what the store keeps with it: the value itself, or where to find it. */
export interface Version<P> {
  readonly modRevision: number;
  readonly createRevision: number;
  /** 0: the key was deleted at `modRevision`. */
  readonly version: number;
  readonly payload: P;
}

/** A key and its versions, oldest first. */
interface KeyHistory<P> {
  readonly key: string;
  readonly versions: Version<P>[];
}

/** One key that a range picked. */
interface Selected<P> {
  readonly key: string;
  readonly version: Version<P>;
}

/** What a range picked, and how many keys it has in all. */
export interface Selection<P> {
  readonly selected: readonly Selected<P>[];
  readonly count: number;
}

/**
 * The versions of all keys, in memory: the state at any revision that is not compacted.
 *
 * Guarantees: synchronous; a change at one revision never alters what is read at a lower one. Memory: about 250 bytes
 * a key and 60 bytes a version, beside the payload.
 */
export class MvccIndex<P> {
  readonly #histories = new Map<string, KeyHistory<P>>();
  readonly #sorted = new SortedMap<KeyHistory<P>>();
  /** The keys that are present at {@link MvccIndex.#newest}: reads of the newest state need look at nothing else. */
  readonly #present = new SortedMap<KeyHistory<P>>();
  /** No version is newer than this. */
  #newest = 0;

  /** How many keys are known, deleted ones that are not compacted yet included. */
  get size(): number {
    return this.#histories.size;
  }

  /** The version of `key` that was current at `revision`; `undefined` where the key was absent. */
  at(key: string, revision: number): Version<P> | undefined {
    const history = this.#histories.get(key);
    return history === undefined ? undefined : liveAt(history, revision);
  }

  /** The history of `key`, owned by the index. */
  history(key: string): KeyHistory<P> | undefined {
    return this.#histories.get(key);
  }

  /** Adds a version. Revisions of one key must rise; a version 0 deletes. */
  append(key: string, version: Version<P>): void {
    this.#newest = Math.max(this.#newest, version.modRevision);
    let history = this.#histories.get(key);
    if (history === undefined) {
      history = { key, versions: [version] };
      this.#histories.set(key, history);
      this.#sorted.add(sortKey(key), history);
      this.#setPresent(history, false);
      return;
    }
    const wasPresent = isPresent(history);
    const newest = history.versions[history.versions.length - 1]!;
    assert(newest.modRevision < version.modRevision, "the revisions of a key must rise");
    history.versions.push(version);
    this.#setPresent(history, wasPresent);
  }

  /** Takes back all versions that are newer than `revision`; they are all of keys in `keys`. */
  rollBack(keys: Iterable<string>, revision: number): void {
    for (const key of keys) {
      const history = this.#histories.get(key);
      if (history === undefined) continue;
      const wasPresent = isPresent(history);
      while (history.versions.length > 0 && history.versions[history.versions.length - 1]!.modRevision > revision) history.versions.pop();
      this.#setPresent(history, wasPresent);
      if (history.versions.length === 0) this.#forget(key);
    }
    this.#newest = Math.min(this.#newest, revision);
  }

  /**
   * Drops the versions of `key` that no read at `revision` or later can see, and answers them. A deletion at or before
   * `revision` is dropped too: absence needs no record.
   */
  compact(key: string, revision: number): readonly Version<P>[] {
    const history = this.#histories.get(key);
    if (history === undefined) return [];
    const { versions } = history;
    let keepFrom = versions.length;
    while (keepFrom > 0 && versions[keepFrom - 1]!.modRevision > revision) keepFrom--;
    if (keepFrom > 0 && versions[keepFrom - 1]!.version > 0) keepFrom--;
    const dropped = keepFrom === 0 ? [] : versions.splice(0, keepFrom);
    if (versions.length === 0) this.#forget(key);
    return dropped;
  }

  /**
   * The keys of the range that were present at `revision`, in key order: at most `limit` of them, and how many there
   * are in all. Reading the newest state costs as much as what it answers; an older one looks at every key of the range.
   */
  select(key: string, end: string | undefined, revision: number, limit = Number.POSITIVE_INFINITY): Selection<P> {
    const selected: Selected<P>[] = [];
    if (end === undefined) {
      const version = this.at(key, revision);
      if (version !== undefined && limit > 0) selected.push({ key, version });
      return { selected, count: version === undefined ? 0 : 1 };
    }
    const { from, to } = keyRange(key, end);
    if (revision >= this.#newest) {
      this.#present.forEach(from, to, ({ key, versions }) => {
        if (selected.length < limit) selected.push({ key, version: versions[versions.length - 1]! });
        return selected.length < limit;
      });
      return { selected, count: this.#present.count(from, to) };
    }
    let count = 0;
    this.#sorted.forEach(from, to, (history) => {
      const version = liveAt(history, revision);
      if (version === undefined) return true;
      count++;
      if (selected.length < limit) selected.push({ key: history.key, version });
      return true;
    });
    return { selected, count };
  }

  #setPresent(history: KeyHistory<P>, was: boolean): void {
    const is = isPresent(history);
    if (is === was) return;
    if (is) this.#present.add(sortKey(history.key), history);
    else this.#present.remove(sortKey(history.key));
  }

  #forget(key: string): void {
    this.#histories.delete(key);
    this.#sorted.remove(sortKey(key));
  }
}

function isPresent<P>({ versions }: KeyHistory<P>): boolean {
  return versions.length > 0 && versions[versions.length - 1]!.version > 0;
}

function liveAt<P>(history: KeyHistory<P>, revision: number): Version<P> | undefined {
  const { versions } = history;
  // Nearly every read is of the newest version, so the search starts there.
  for (let index = versions.length - 1; index >= 0; index--) {
    const version = versions[index]!;
    if (version.modRevision <= revision) return version.version === 0 ? undefined : version;
  }
  return undefined;
}
