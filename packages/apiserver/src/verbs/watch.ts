import { statusError } from "@skiff/api";
import { parseListOptions } from "../list-options.ts";
import type { Reply } from "../reply.ts";
import type { ResourceContext } from "../request-context.ts";
import { resolveSelection } from "../stages/select.ts";
import { WatchSession } from "../watch-session.ts";
import { loadedCache, methodNotAllowed, storedNamespace } from "./object-target.ts";

/** How many watches one user may have open; further ones are refused. */
const MAX_WATCHES_PER_USER = 10_000;

/** `GET /…/pods?watch=true`. Answers once the watch is accepted. */
export async function watch(context: ResourceContext): Promise<Reply> {
  const { core, resource, request, route } = context;
  if (resource.virtual !== undefined) throw methodNotAllowed(context);
  const options = parseListOptions(request.query, true);
  // The old form `/watch/pods/web` names its object in the path.
  const named = route.name === "" || options.fieldSelector !== "" ? options.fieldSelector : `metadata.name=${route.name}`;
  const { selection, selectsServed } = resolveSelection(resource, {
    namespace: storedNamespace(context),
    labelSelector: options.labelSelector,
    fieldSelector: named,
  });
  const cache = loadedCache(context);
  const leave = enter(context);
  try {
    const session = await WatchSession.open({
      host: core.host,
      registry: core.registry,
      cache,
      resource,
      selection,
      selectsServed,
      options,
      onClose: leave,
    });
    return { type: "watch", session };
  } catch (error) {
    leave();
    throw error;
  }
}

function enter({ core, request, user }: ResourceContext): () => void {
  const { watchesByUser } = core;
  const open = watchesByUser.get(user.name) ?? 0;
  if (!request.internal && open >= MAX_WATCHES_PER_USER) {
    throw statusError("TooManyRequests", "too many open watches, please try again later", { retryAfterSeconds: 1 });
  }
  watchesByUser.set(user.name, open + 1);
  return () => {
    const left = (watchesByUser.get(user.name) ?? 1) - 1;
    if (left > 0) watchesByUser.set(user.name, left);
    else watchesByUser.delete(user.name);
  };
}
