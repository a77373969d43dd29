import {
  groupResource,
  persistentVolumeClaimKind,
  podKind,
  serviceKind,
  splitObjectKey,
  type KubeObject,
  type QuotaUsage,
  type Resource,
} from "@skiff/api";
import { messageOf } from "@skiff/base";
import { discoverResources, type Informer, type InformerChange } from "@skiff/client";
import type { Source } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import type { CountedKind } from "./quota-kinds.ts";
import { usageNow } from "./plan.ts";

/** Kinds for which more counts than their number, so that whole objects are needed. */
const MEASURED = [podKind, serviceKind, persistentVolumeClaimKind] as readonly Resource[];

/**
 * The objects that quotas count. Kinds are looked up and watched from the first quota on that names them, so that a cluster
 * without quotas pays nothing for kinds nobody counts.
 *
 * As a source it names the namespaces in which something has become free or has changed its size. New objects are not
 * reported: admission has charged them already, and may be charging others that no cache shows yet.
 */
export class CountedObjects implements Source {
  readonly #context: ControllerContext;
  readonly #keysIn: (namespace: string) => Iterable<string>;
  readonly #informers = new Map<string, Informer<KubeObject>>();
  #enqueue: ((key: string) => void) | undefined;

  /** `keysIn` answers the keys of the quotas of a namespace. */
  constructor(context: ControllerContext, keysIn: (namespace: string) => Iterable<string>) {
    this.#context = context;
    this.#keysIn = keysIn;
    for (const resource of MEASURED) this.#watch(resource, false);
  }

  start(enqueue: (key: string) => void): () => void {
    this.#enqueue = enqueue;
    return () => (this.#enqueue = undefined);
  }

  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from(this.#informers.values(), (informer) => informer.synced(signal)));
  }

  /** The objects of a kind in a namespace; `undefined` when the server has no such kind or the cache is not complete yet. */
  async list(kind: CountedKind, namespace: string): Promise<readonly KubeObject[] | undefined> {
    const informer = this.#informers.get(groupResource(kind)) ?? (await this.#discover(kind));
    return informer?.hasSynced ? informer.list(namespace) : undefined;
  }

  async #discover(kind: CountedKind): Promise<Informer<KubeObject> | undefined> {
    const { client, host } = this.#context;
    try {
      const { resources } = await discoverResources(client);
      const found = resources.find(({ group, plural }) => group === kind.group && plural === kind.plural);
      if (found === undefined || !found.namespaced || !found.verbs.includes("list") || !found.verbs.includes("watch")) return undefined;
      return this.#informers.get(groupResource(kind)) ?? this.#watch(found, true);
    } catch (error) {
      host.log.warn("discovery failed", { error: messageOf(error) });
      return undefined;
    }
  }

  #watch(resource: Resource, metadataOnly: boolean): Informer<KubeObject> {
    const informer = this.#context.informers.informer<KubeObject>(resource as Resource<KubeObject>, { metadataOnly });
    this.#informers.set(groupResource(resource), informer);
    informer.onChange((change) => {
      if (!this.#frees(resource, change)) return;
      for (const key of this.#keysIn(splitObjectKey(change.key).namespace ?? "")) this.#enqueue?.(key);
    });
    return informer;
  }

  #frees(kind: CountedKind, { type, object, previous }: InformerChange<KubeObject>): boolean {
    if (type !== "updated" || previous === undefined) return type === "deleted";
    if (!MEASURED.some(({ group, plural }) => group === kind.group && plural === kind.plural)) return false;
    const nowMs = this.#context.host.clock.now();
    return !sameUsage(usageNow(kind, previous, nowMs), usageNow(kind, object, nowMs));
  }
}

function sameUsage(a: QuotaUsage, b: QuotaUsage): boolean {
  return a.size === b.size && [...a].every(([name, amount]) => b.get(name)?.compare(amount) === 0);
}
