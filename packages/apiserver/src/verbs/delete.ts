import type { Status } from "@skiff/api";
import { parseDeleteOptions } from "../delete-options.ts";
import type { Reply } from "../reply.ts";
import type { ResourceContext } from "../request-context.ts";
import { readBody } from "../stages/decode.ts";
import { deleteObject } from "./delete-object.ts";
import { methodNotAllowed, strategyOf } from "./object-target.ts";

/** `DELETE /…/pods/web`. */
export async function remove(context: ResourceContext): Promise<Reply> {
  const { resource, request, route } = context;
  if (resource.cache === undefined) throw methodNotAllowed(context);
  const options = parseDeleteOptions(request.query, (await readBody(context))?.value);
  const strategy = strategyOf(context);
  if (strategy?.deletionWarning !== undefined && options.propagationPolicy === undefined && options.orphanDependents === undefined) {
    context.warnings.add(strategy.deletionWarning);
  }
  const { stored, isGone } = await deleteObject(context, route.name, options);
  const status = !isGone && options.orphanDependents === false ? 202 : 200;
  if (!isGone || strategy?.answersDeletedObject) return { type: "object", status, resource, stored };
  const { group, plural } = resource.kind;
  const value: Omit<Status, "code"> = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name: stored.name, ...(group === "" ? {} : { group }), kind: plural, uid: stored.metadata.uid },
  };
  return { type: "value", status, value };
}
