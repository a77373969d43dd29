import { isStatus } from "@skiff/api";
import { parseDeleteOptions } from "../delete-options.ts";
import { parseListOptions } from "../list-options.ts";
import { listObjects } from "../registry/object-list.ts";
import type { StoredObject } from "../registry/stored-object.ts";
import type { Reply } from "../reply.ts";
import type { ResourceContext } from "../request-context.ts";
import { readBody } from "../stages/decode.ts";
import { resolveSelection } from "../stages/select.ts";
import { pageInServedVersion } from "../stages/serve-version.ts";
import { deleteObject } from "./delete-object.ts";
import { loadedCache, methodNotAllowed, storedNamespace } from "./object-target.ts";

/** Other clients get a turn after so many deletions. */
const DELETIONS_PER_TURN = 100;

/** `DELETE /…/pods`: deletes what the selectors pick, one after the other, and answers what it deleted. */
export async function deleteCollection(context: ResourceContext): Promise<Reply> {
  const { core, resource, request, route } = context;
  if (resource.cache === undefined || (resource.kind.namespaced && route.namespace === "")) throw methodNotAllowed(context);
  const options = parseDeleteOptions(request.query, (await readBody(context))?.value);
  const listOptions = parseListOptions(request.query, false);
  const { selection, selectsServed } = resolveSelection(resource, { namespace: storedNamespace(context), ...listOptions });
  const stored = await listObjects(core.registry, loadedCache(context), core.continueTokens, selection, listOptions);
  const page = selectsServed === undefined ? stored : await pageInServedVersion(resource, stored, selectsServed);
  const deleted: StoredObject[] = [];
  for (const [index, { name }] of page.items.entries()) {
    if (index > 0 && index % DELETIONS_PER_TURN === 0) await core.host.clock.yield();
    try {
      deleted.push((await deleteObject(context, name, options)).stored);
    } catch (error) {
      // Somebody else was faster: it is gone, as it should be.
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
  return { type: "list", resource, items: deleted, metadata: page.metadata };
}
