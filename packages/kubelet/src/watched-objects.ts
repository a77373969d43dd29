import { splitObjectKey, type KubeObject, type Resource } from "@skiff/api";
import type { Host } from "@skiff/base";
import { type Client, ListWatchInformer } from "@skiff/client";
import type { ReferencedObjects } from "./kubelet-sources.ts";

interface Held<T extends KubeObject> {
  readonly informer: ListWatchInformer<T>;
  readonly holders: Set<string>;
}

/**
 * Referenced objects by one watch for each, as the node authoriser allows: a node may read exactly those ConfigMaps and
 * Secrets that its Pods refer to.
 *
 * Guarantees: an object is watched while somebody holds it and not longer.
 */
export class WatchedObjects<T extends KubeObject> implements ReferencedObjects<T> {
  readonly #client: Client;
  readonly #resource: Resource<T>;
  readonly #host: Host;
  readonly #held = new Map<string, Held<T>>();
  readonly #byHolder = new Map<string, ReadonlySet<string>>();
  readonly #handlers = new Set<(key: string) => void>();

  constructor(client: Client, resource: Resource<T>, host: Host) {
    this.#client = client;
    this.#resource = resource;
    this.#host = host;
  }

  hold(holder: string, keys: readonly string[]): void {
    const wanted = new Set(keys);
    const before = this.#byHolder.get(holder);
    for (const key of wanted) if (!before?.has(key)) this.#take(holder, key);
    for (const key of before ?? []) if (!wanted.has(key)) this.#release(holder, key);
    if (wanted.size > 0) this.#byHolder.set(holder, wanted);
    else this.#byHolder.delete(holder);
  }

  async get(key: string): Promise<T | undefined> {
    const held = this.#held.get(key);
    if (held === undefined || !held.informer.hasSynced) return this.#fetch(key);
    return held.informer.get(key);
  }

  onChange(handler: (key: string) => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  /** Ends all watches. */
  async stop(): Promise<void> {
    const informers = Array.from(this.#held.values(), ({ informer }) => informer);
    this.#held.clear();
    this.#byHolder.clear();
    await Promise.all(informers.map((informer) => informer.stop()));
  }

  async #fetch(key: string): Promise<T | undefined> {
    const { namespace, name } = splitObjectKey(key);
    const list = await this.#client.resource(this.#resource).list({ namespace, fieldSelector: `metadata.name=${name}` });
    return list.items[0];
  }

  #take(holder: string, key: string): void {
    let held = this.#held.get(key);
    if (held === undefined) {
      const { namespace, name } = splitObjectKey(key);
      const selection = { namespace, fieldSelector: `metadata.name=${name}` };
      held = { informer: new ListWatchInformer(this.#client.resource(this.#resource), selection, this.#host), holders: new Set() };
      this.#held.set(key, held);
      held.informer.onChange(() => {
        for (const handler of this.#handlers) handler(key);
      });
      held.informer.start();
    }
    held.holders.add(holder);
  }

  #release(holder: string, key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    held.holders.delete(holder);
    if (held.holders.size > 0) return;
    this.#held.delete(key);
    // The informer logs its own failures; that it has ended matters to nobody.
    void held.informer.stop();
  }
}
