import type { Store, StoreEvent, StoreWatch, StoreWatchRequest, WatchBatch } from "./store.ts";

/** A watch that remembers all it was given: for tests. */
export class WatchRecorder {
  readonly batches: WatchBatch[] = [];
  error: Error | undefined;
  readonly watch: StoreWatch;
  readonly #waiters = new Set<() => void>();

  constructor(store: Store, request: Omit<StoreWatchRequest, "onBatch" | "onError">) {
    this.watch = store.watch({
      ...request,
      onBatch: (batch) => {
        this.batches.push(batch);
        this.#wake();
      },
      onError: (error) => {
        this.error = error;
        this.#wake();
      },
    });
  }

  get events(): readonly StoreEvent[] {
    return this.batches.flatMap((batch) => batch.events);
  }

  /** The newest revision that the watch has vouched for. */
  get revision(): number {
    return this.batches.at(-1)?.revision ?? 0;
  }

  /** Resolves as soon as `done` answers true; asked again after each callback. */
  until(done: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!done()) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }

  /** Resolves when everything up to `revision` has been seen. */
  async upTo(revision: number): Promise<readonly StoreEvent[]> {
    this.watch.requestProgress();
    await this.until(() => this.revision >= revision || this.error !== undefined);
    if (this.error !== undefined) throw this.error;
    return this.events;
  }

  #wake(): void {
    for (const check of this.#waiters) check();
  }
}
