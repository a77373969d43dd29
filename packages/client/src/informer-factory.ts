import { apiVersionOf, type KubeObject, type Resource } from "@skiff/api";
import { componentHost, type Host } from "@skiff/base";
import type { Client } from "./client.ts";
import type { Informer } from "./informer.ts";
import { ListWatchInformer, type Selection } from "./list-watch-informer.ts";

/** How a factory works. */
export interface InformerFactoryOptions {
  /**
   * True when the transport hands out the server's own frozen objects (in one process). Whole objects then cost less
   * than copies of their metadata, so `metadataOnly` is ignored and shares the informer of the whole objects. Default false.
   */
  readonly sharedObjects?: boolean;
}

/**
 * Hands out informers, one for each kind and selection however often it is asked for, so that all parts of a process
 * share one copy of the cluster.
 */
export class InformerFactory {
  readonly client: Client;
  readonly #host: Host;
  readonly #options: InformerFactoryOptions;
  readonly #informers = new Map<string, ListWatchInformer<KubeObject>>();
  #started = false;

  constructor(client: Client, host: Host, options: InformerFactoryOptions = {}) {
    this.client = client;
    this.#host = host;
    this.#options = options;
  }

  /** The shared informer. Before {@link start} it stays empty; afterwards it starts at once. */
  informer<T extends KubeObject>(resource: Resource<T>, selection: Selection = {}): Informer<T> {
    const { namespace, labelSelector, fieldSelector } = selection;
    const metadataOnly = (selection.metadataOnly ?? false) && !this.#options.sharedObjects;
    const kind = `${apiVersionOf(resource)}/${resource.plural}`;
    const id = JSON.stringify([kind, namespace, labelSelector, fieldSelector, metadataOnly]);
    let informer = this.#informers.get(id);
    if (informer === undefined) {
      const client = this.client.resource<KubeObject>(resource);
      const own = { namespace, labelSelector, fieldSelector, ...(metadataOnly ? { metadataOnly } : {}) };
      informer = new ListWatchInformer(client, own, componentHost(this.#host, `informer ${kind}`));
      this.#informers.set(id, informer);
      if (this.#started) informer.start();
    }
    return informer as unknown as Informer<T>;
  }

  /** Ends the informer of a kind that is gone (a deleted CustomResourceDefinition), if there is one. */
  async release(resource: Resource, selection: Selection = {}): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = selection;
    const metadataOnly = (selection.metadataOnly ?? false) && !this.#options.sharedObjects;
    const id = JSON.stringify([`${apiVersionOf(resource)}/${resource.plural}`, namespace, labelSelector, fieldSelector, metadataOnly]);
    const informer = this.#informers.get(id);
    this.#informers.delete(id);
    await informer?.stop();
  }

  /** Starts all informers, those that are asked for later included. */
  start(): void {
    this.#started = true;
    for (const informer of this.#informers.values()) informer.start();
  }

  /** Resolves when every informer that exists now has its first list. */
  async synced(signal?: AbortSignal): Promise<void> {
    await Promise.all(Array.from(this.#informers.values(), (informer) => informer.synced(signal)));
  }

  /** Ends all informers. Their caches stay readable. */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#informers.values(), (informer) => informer.stop()));
  }
}
