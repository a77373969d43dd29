import type { KubeObject, Resource } from "@skiff/api";
import type { ObjectReader } from "../object-reader.ts";
import type { ObjectRegistry } from "./object-registry.ts";
import { EVERYTHING } from "./selection.ts";
import { kindPrefix } from "./store-keys.ts";
import type { WatchCache } from "./watch-cache.ts";

/** The watch caches as the parts of the server read them that need an answer at once. Kinds that are not kept have no objects. */
export class CacheReader implements ObjectReader {
  readonly #registry: ObjectRegistry;

  constructor(registry: ObjectRegistry) {
    this.#registry = registry;
  }

  get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined {
    return this.#cache(resource)?.objects.get(namespace ?? "", name)?.object as T | undefined;
  }

  list<T extends KubeObject>(resource: Resource<T>, namespace = ""): readonly T[] {
    const objects = this.#cache(resource)?.objects;
    if (objects === undefined) return [];
    return Array.from(objects.select({ ...EVERYTHING, namespace }), ({ object }) => object as T);
  }

  async getLive<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): Promise<T | undefined> {
    await this.#registry.catchUp();
    return this.get(resource, namespace, name);
  }

  #cache(resource: Resource): WatchCache | undefined {
    return this.#registry.cacheOf(kindPrefix(resource));
  }
}
