import type { ContainerEvent } from "@skiff/kubelet";

/** Those who follow the events of a runtime. */
export class EventStreams {
  readonly #listeners = new Set<(event: ContainerEvent) => void>();

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  emit(event: ContainerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Follows until `signal` is aborted; rejects when `life`, that of the runtime, ends before. */
  follow(onEvent: (event: ContainerEvent) => void, signal: AbortSignal, life: AbortSignal): Promise<void> {
    if (life.aborted) return Promise.reject(life.reason as Error);
    if (signal.aborted) return Promise.resolve();
    // Each stream has its own entry, even when two share a callback.
    const listener = (event: ContainerEvent): void => onEvent(event);
    this.#listeners.add(listener);
    return new Promise((resolve, reject) => {
      const onLost = (): void => reject(life.reason as Error);
      life.addEventListener("abort", onLost, { once: true });
      signal.addEventListener(
        "abort",
        () => {
          this.#listeners.delete(listener);
          life.removeEventListener("abort", onLost);
          resolve();
        },
        { once: true },
      );
    });
  }

  /** Nobody follows any more. */
  clear(): void {
    this.#listeners.clear();
  }
}
