import { conflict, notFound, type ResourceQuota } from "@skiff/api";
import type { QuotaWriter } from "../admission/quota/resource-quota.ts";
import type { ObjectRegistry } from "../registry/object-registry.ts";
import { kindPrefix } from "../registry/store-keys.ts";
import { commit } from "../stages/commit.ts";
import { RESOURCES } from "../well-known-resources.ts";

/** Writes the status of quotas straight to the store: charging is the server's own act, which nobody else has to admit. */
export class StoredQuotaWriter implements QuotaWriter {
  readonly #registry: ObjectRegistry;

  constructor(registry: ObjectRegistry) {
    this.#registry = registry;
  }

  async updateStatus(quota: ResourceQuota): Promise<ResourceQuota> {
    const { namespace = "", name = "", resourceVersion } = quota.metadata ?? {};
    const subject = { kind: RESOURCES.resourceQuotas.plural, name };
    const prefix = kindPrefix(RESOURCES.resourceQuotas);
    const cache = [...this.#registry.caches].find((each) => each.prefix === prefix);
    const old = cache?.objects.get(namespace, name);
    if (cache === undefined || old === undefined) throw notFound(subject);
    if (String(old.revision) !== resourceVersion) throw conflict(subject);
    const object = { ...old.object, metadata: { ...old.metadata }, status: structuredClone(quota.status) } as ResourceQuota;
    const stored = await commit({ registry: this.#registry, cache, old, object, dryRun: false });
    if (stored === undefined) throw conflict(subject);
    // The next charge starts from what the cache shows.
    await this.#registry.reached(stored.revision);
    return stored.object;
  }
}
