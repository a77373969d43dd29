import { internalError, isStatus, type Status } from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { VersionedStorage } from "./crd/versioned-storage.ts";
import { WatchedChange } from "./registry/cache-event.ts";
import type { StoredObject } from "./registry/stored-object.ts";
import type { WatchSink } from "./watch-session.ts";

/** A watch whose conversions fall behind by more changes than this is ended: its client comes back with a list. */
const MAX_WAITING = 10_000;

/**
 * Brings the changes of a watch into the version of its client before they are delivered, and selects among them by what
 * only that version has. Everything keeps its order; what follows a change waits until that is converted.
 */
export class ConvertingSink implements WatchSink {
  readonly #storage: VersionedStorage;
  readonly #selects: ((served: StoredObject) => boolean) | undefined;
  readonly #sink: WatchSink;
  /** Closes the watch. */
  readonly #onFailure: () => void;
  #tail: Promise<void> | undefined;
  #waiting = 0;
  #failed = false;

  /** `selects`: of objects in the client's version; absent: all. */
  constructor(storage: VersionedStorage, selects: ((served: StoredObject) => boolean) | undefined, sink: WatchSink, onFailure: () => void) {
    this.#storage = storage;
    this.#selects = selects;
    this.#sink = sink;
    this.#onFailure = onFailure;
  }

  changes(changes: readonly WatchedChange[]): void {
    const states = this.#statesOf(changes);
    if (this.#tail === undefined && states.every((stored) => this.#storage.isServed(stored))) {
      this.#deliver(changes, (stored) => stored);
      return;
    }
    this.#waiting += changes.length;
    if (this.#waiting > MAX_WAITING) {
      this.#fail(internalError("the conversion webhook is too slow for this watch").status);
      return;
    }
    this.#enqueue(async () => {
      try {
        const served = await this.#storage.toServed(states);
        if (this.#failed) return;
        const byState = new Map(states.map((stored, index) => [stored, served[index] ?? stored]));
        this.#deliver(changes, (stored) => byState.get(stored) ?? stored);
      } catch (error) {
        this.#fail(isStatus(error) ? error.status : internalError(messageOf(error)).status);
      }
      this.#waiting -= changes.length;
    });
  }

  /** All states that have to be seen in the client's version: to select, also those before the changes. */
  #statesOf(changes: readonly WatchedChange[]): StoredObject[] {
    const states = changes.map(({ stored }) => stored);
    if (this.#selects !== undefined) for (const { previous } of changes) if (previous !== undefined) states.push(previous);
    return states;
  }

  #deliver(changes: readonly WatchedChange[], servedOf: (stored: StoredObject) => StoredObject): void {
    const seen = changes.map((change) => this.#seen(change, servedOf)).filter((change) => change !== undefined);
    if (seen.length > 0) this.#sink.changes(seen);
  }

  /** The change as the client sees it: an object that comes to be selected, or ceases to be, comes or goes. */
  #seen(change: WatchedChange, servedOf: (stored: StoredObject) => StoredObject): WatchedChange | undefined {
    const { type, stored, previous } = change;
    const served = servedOf(stored);
    const same = served === stored ? change : new WatchedChange(type, served);
    const selects = this.#selects;
    if (selects === undefined) return same;
    if (previous === undefined) return selects(served) ? same : undefined;
    const before = servedOf(previous);
    if (selects(served)) return selects(before) ? same : new WatchedChange("ADDED", served);
    return selects(before) ? new WatchedChange("DELETED", before.atRevision(stored.revision)) : undefined;
  }

  bookmark(revision: number, initialEventsEnd: boolean): void {
    this.#enqueue(() => this.#sink.bookmark(revision, initialEventsEnd));
  }

  error(status: Status): void {
    this.#enqueue(() => this.#sink.error(status));
  }

  end(): void {
    this.#enqueue(() => this.#sink.end(), true);
  }

  /** Runs the step at once when nothing waits, else behind what does. */
  #enqueue(step: () => void | Promise<void>, evenAfterFailure = false): void {
    const run = (): void | Promise<void> => (this.#failed && !evenAfterFailure ? undefined : step());
    if (this.#tail === undefined) {
      const pending = run();
      if (pending === undefined) return;
      this.#follow(pending);
      return;
    }
    this.#follow(this.#tail.then(run));
  }

  #follow(tail: Promise<void>): void {
    const settled = tail.finally(() => {
      if (this.#tail === settled) this.#tail = undefined;
    });
    this.#tail = settled;
  }

  #fail(status: Status): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#sink.error(status);
    this.#onFailure();
  }
}
