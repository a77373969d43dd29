import { parseListOptions } from "../list-options.ts";
import { listObjects } from "../registry/object-list.ts";
import { StoredObject } from "../registry/stored-object.ts";
import type { Reply } from "../reply.ts";
import type { ResourceContext } from "../request-context.ts";
import { resolveSelection } from "../stages/select.ts";
import { pageInServedVersion } from "../stages/serve-version.ts";
import { loadedCache, methodNotAllowed, storedNamespace } from "./object-target.ts";

/** `GET /…/pods`. */
export async function list(context: ResourceContext): Promise<Reply> {
  const { core, resource, request, user } = context;
  const namespace = storedNamespace(context);
  const options = parseListOptions(request.query, false);
  const { selection, selectsServed } = resolveSelection(resource, { namespace, ...options });
  if (resource.virtual !== undefined) {
    if (resource.virtual.list === undefined) throw methodNotAllowed(context);
    const objects = await resource.virtual.list({ user, namespace });
    const items = objects.map((object) => new StoredObject(resource.codec, object, 0));
    return { type: "list", resource, items: items.filter((stored) => selection.selects?.(stored) ?? true), metadata: {} };
  }
  const page = await listObjects(core.registry, loadedCache(context), core.continueTokens, selection, options);
  return { type: "list", resource, ...(await pageInServedVersion(resource, page, selectsServed)) };
}
