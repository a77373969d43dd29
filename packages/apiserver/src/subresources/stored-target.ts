import { groupResource, notFound, type KubeObject } from "@skiff/api";
import { assert } from "@skiff/base";
import type { ResourceContext } from "../request-context.ts";
import type { StoredObject } from "../registry/stored-object.ts";
import type { WatchCache } from "../registry/watch-cache.ts";

/** Where the objects of the request's kind are. */
export function cacheOf({ resource }: ResourceContext): WatchCache {
  assert(resource.cache !== undefined, `${groupResource(resource.kind)} is not stored and has no subresources`);
  return resource.cache;
}

/**
 * The object that the request is about, as of now. Errors: `NotFound`.
 */
export async function targetOf(context: ResourceContext, name: string = context.route.name): Promise<StoredObject> {
  const cache = cacheOf(context);
  await context.core.registry.catchUp();
  const stored = cache.objects.get(namespaceOf(context), name);
  if (stored === undefined) throw notFound({ group: cache.kind.group, kind: cache.kind.plural, name });
  return stored;
}

/** The target typed as an object of its kind. Errors: `NotFound`. */
export async function targetObject<T extends KubeObject>(context: ResourceContext, name: string = context.route.name): Promise<T> {
  return (await targetOf(context, name)).object as T;
}

/** The namespace under which the object is stored: empty for cluster-wide kinds, Namespaces included. */
export function namespaceOf({ resource, route }: ResourceContext): string {
  return resource.kind.namespaced ? route.namespace : "";
}
