import { notFound } from "@skiff/api";
import { parseResourceVersion } from "../list-options.ts";
import type { Reply } from "../reply.ts";
import { StoredObject } from "../registry/stored-object.ts";
import type { ResourceContext } from "../request-context.ts";
import { oneInServedVersion } from "../stages/serve-version.ts";
import { loadedCache, methodNotAllowed, storedNamespace, subjectOf } from "./object-target.ts";

/** `GET /…/pods/web`, and the same of a subresource that shows the object itself. */
export async function get(context: ResourceContext): Promise<Reply> {
  const { core, resource, route, request, user } = context;
  const namespace = storedNamespace(context);
  if (resource.virtual !== undefined) {
    if (resource.virtual.get === undefined) throw methodNotAllowed(context);
    const object = await resource.virtual.get(route.name, { user, namespace });
    if (object === undefined) throw notFound(subjectOf(context, route.name));
    return { type: "object", status: 200, resource, stored: new StoredObject(resource.codec, object, 0) };
  }
  const cache = loadedCache(context);
  const revision = parseResourceVersion(request.query.get("resourceVersion"));
  if (revision === undefined) await core.registry.catchUp();
  else await core.registry.reached(revision);
  const stored = cache.objects.get(namespace, route.name);
  if (stored === undefined) throw notFound(subjectOf(context, route.name));
  return { type: "object", status: 200, resource, stored: await oneInServedVersion(resource, stored) };
}
