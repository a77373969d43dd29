import { sleep, type Clock } from "@skiff/base";
import type { KubeObject } from "@skiff/api";
import type { Informer, InformerChange } from "@skiff/client";

/** Makes a key known to the engine, at once or after `delayMs` milliseconds. */
export type Enqueue = (key: string, delayMs?: number) => void;

/** Something that knows keys which want a reconcile. */
export interface Source {
  /** Begins to report keys; answers how to stop. */
  start(enqueue: Enqueue): () => void;
  /** Resolves when the caches behind the source are complete. */
  synced(signal: AbortSignal): Promise<void>;
}

/** The changes of an informer, each mapped to the keys that it concerns. */
export function changesOf<T extends KubeObject>(informer: Informer<T>, keysOf: (change: InformerChange<T>) => Iterable<string>): Source {
  return {
    start: (enqueue) =>
      informer.onChange((change) => {
        for (const key of keysOf(change)) enqueue(key);
      }),
    synced: (signal) => informer.synced(signal),
  };
}

/** Every object of an informer under its own key: for the kind that a controller is about. */
export function objectsOf<T extends KubeObject>(informer: Informer<T>): Source {
  return changesOf(informer, ({ key }) => [key]);
}

/** An informer that the controller only reads: its changes wake nobody, but it must be complete first. */
export function readsFrom<T extends KubeObject>(informer: Informer<T>): Source {
  return { start: () => () => {}, synced: (signal) => informer.synced(signal) };
}

/** The keys that `keys` names, at the start and then every `intervalMs` milliseconds. */
export function every(clock: Clock, intervalMs: number, keys: () => Iterable<string>): Source {
  return {
    start: (enqueue) => {
      const stop = new AbortController();
      const loop = async (): Promise<void> => {
        for (;;) {
          for (const key of keys()) enqueue(key);
          await sleep(clock, intervalMs, stop.signal);
        }
      };
      // Ends by the rejection of the sleep when it is stopped.
      loop().catch(() => {});
      return () => stop.abort(new Error("the source was stopped"));
    },
    synced: () => Promise.resolve(),
  };
}
