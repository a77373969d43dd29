import { assert } from "@skiff/base";
import { badRequest, groupResource, notFound, statusError, type KubeObject, type StatusError, type StatusSubject } from "@skiff/api";
import type { StoredObject } from "../registry/stored-object.ts";
import type { WatchCache } from "../registry/watch-cache.ts";
import type { ResourceContext } from "../request-context.ts";
import { dropDuplicateOwners } from "../stages/prepare-metadata.ts";
import { oneInServedVersion } from "../stages/serve-version.ts";
import type { KindStrategy } from "../strategies/kind-strategy.ts";

/** How errors name the object of that name: `deployments.apps "web"`. */
export function subjectOf({ resource }: ResourceContext, name: string): StatusSubject {
  return { group: resource.kind.group, kind: resource.kind.plural, name };
}

/** Where the objects of the request's kind are. Errors: `ServiceUnavailable` while the cache has lost the store. */
export function loadedCache({ resource }: ResourceContext): WatchCache {
  const { cache } = resource;
  assert(cache !== undefined, `${groupResource(resource.kind)} is not stored`);
  if (!cache.isLoaded)
    throw statusError("ServiceUnavailable", "the server is currently unable to handle the request", { retryAfterSeconds: 1 });
  return cache;
}

/** The namespace under which the object is stored: empty for cluster-wide kinds, Namespaces included. */
export function storedNamespace({ resource, route }: ResourceContext): string {
  return resource.kind.namespaced ? route.namespace : "";
}

/**
 * The state from which a write starts. What the cache has may be old where several servers share a store; then the write
 * fails its comparison and starts again. Only what seems to be missing is looked for twice.
 */
export async function currentState(context: ResourceContext, name: string = context.route.name): Promise<StoredObject | undefined> {
  const cache = loadedCache(context);
  const namespace = storedNamespace(context);
  const stored = cache.objects.get(namespace, name);
  if (stored !== undefined) return oneInServedVersion(context.resource, stored);
  await context.core.registry.catchUp();
  const found = cache.objects.get(namespace, name);
  return found === undefined ? undefined : oneInServedVersion(context.resource, found);
}

/** {@link currentState}. Errors: `NotFound`. */
export async function existingState(context: ResourceContext, name: string = context.route.name): Promise<StoredObject> {
  const stored = await currentState(context, name);
  if (stored === undefined) throw notFound(subjectOf(context, name));
  return stored;
}

/** What the kind needs beyond its definition. */
export function strategyOf({ core, resource }: ResourceContext): KindStrategy | undefined {
  return core.strategies.get(`${resource.kind.group}/${resource.kind.kind}`);
}

/** 405 in upstream's words. */
export function methodNotAllowed({ resource, route }: ResourceContext): StatusError {
  return statusError("MethodNotAllowed", "the server does not allow this method on the requested resource", {
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: route.resource,
  });
}

/** Puts the object into the namespace of the path. Errors: `BadRequest` when it names another one. */
export function placeInNamespace(context: ResourceContext, object: KubeObject): void {
  const metadata = (object.metadata ??= {});
  const namespace = storedNamespace(context);
  if (metadata.namespace && metadata.namespace !== namespace && context.resource.kind.namespaced) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  // A namespace on a cluster-wide object is left for validation to refuse.
  if (namespace !== "") metadata.namespace = namespace;
  else if (!metadata.namespace) delete metadata.namespace;
}

/** Gives the object the name of the path. Errors: `BadRequest` when it has another one. */
export function placeAtName(object: KubeObject, name: string): void {
  const metadata = (object.metadata ??= {});
  if (metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  metadata.name = name;
}

/** Drops repeated owner references and warns of them. `after` says when they were found. */
export function warnOfDuplicateOwners(context: ResourceContext, object: KubeObject, after?: string): void {
  const warning = dropDuplicateOwners(object, after);
  if (warning !== undefined) context.warnings.add(warning);
}
