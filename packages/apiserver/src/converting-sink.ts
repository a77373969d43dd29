import { internalError, isStatus, type Status } from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { VersionedStorage } from "./crd/versioned-storage.ts";
import { WatchedChange } from "./registry/cache-event.ts";
import type { WatchSink } from "./watch-session.ts";

/** A watch whose conversions fall behind by more changes than this is ended: its client comes back with a list. */
const MAX_WAITING = 10_000;

/**
 * Brings the changes of a watch into the version of its client before they are delivered. Everything keeps its order; what
 * follows a change waits until that is converted.
 */
export class ConvertingSink implements WatchSink {
  readonly #storage: VersionedStorage;
  readonly #sink: WatchSink;
  /** Closes the watch. */
  readonly #onFailure: () => void;
  #tail: Promise<void> | undefined;
  #waiting = 0;
  #failed = false;

  constructor(storage: VersionedStorage, sink: WatchSink, onFailure: () => void) {
    this.#storage = storage;
    this.#sink = sink;
    this.#onFailure = onFailure;
  }

  changes(changes: readonly WatchedChange[]): void {
    if (this.#tail === undefined && changes.every(({ stored }) => this.#storage.isServed(stored))) {
      this.#sink.changes(changes);
      return;
    }
    this.#waiting += changes.length;
    if (this.#waiting > MAX_WAITING) {
      this.#fail(internalError("the conversion webhook is too slow for this watch").status);
      return;
    }
    this.#enqueue(async () => {
      try {
        const states = await this.#storage.toServed(changes.map(({ stored }) => stored));
        if (this.#failed) return;
        this.#sink.changes(changes.map(({ type, stored }, index) => new WatchedChange(type, states[index] ?? stored)));
      } catch (error) {
        this.#fail(isStatus(error) ? error.status : internalError(messageOf(error)).status);
      }
      this.#waiting -= changes.length;
    });
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
