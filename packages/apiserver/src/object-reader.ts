import type { KubeObject, Resource } from "@skiff/api";

/**
 * How authentication, authorisation and admission look at objects: the API server's caches.
 *
 * Guarantees wanted: synchronous; frozen, shared objects; what a write put there is seen by the first call after that
 * write was answered. Where several API servers share a store, a cache may lag behind: that is what `getLive` is for.
 */
export interface ObjectReader {
  get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined;
  /** All objects, or those of one namespace. */
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): readonly T[];
  /** Reads past the cache. Absent when the cache cannot lag behind. */
  getLive?<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): Promise<T | undefined>;
}

/** From the cache, and when it is not there, from the store. */
export async function getCurrent<T extends KubeObject>(
  reader: ObjectReader,
  resource: Resource<T>,
  namespace: string | undefined,
  name: string,
): Promise<T | undefined> {
  return reader.get(resource, namespace, name) ?? (await reader.getLive?.(resource, namespace, name));
}
