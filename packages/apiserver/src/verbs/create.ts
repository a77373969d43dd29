import { invalid, statusError } from "@skiff/api";
import type { Reply } from "../reply.ts";
import { StoredObject } from "../registry/stored-object.ts";
import type { ResourceContext } from "../request-context.ts";
import { toStoredVersion } from "../served-resources.ts";
import { admissionRequest, mutate, validateAdmission } from "../stages/admit.ts";
import { instantiate, readBody } from "../stages/decode.ts";
import { parseWriteOptions } from "../write-options.ts";
import { createObject } from "./create-object.ts";
import { methodNotAllowed, placeInNamespace, storedNamespace } from "./object-target.ts";
import { optionsObject } from "./options-object.ts";

/** `POST /…/pods`. */
export async function create(context: ResourceContext): Promise<Reply> {
  const { resource, route, request } = context;
  if (route.name !== "") throw methodNotAllowed(context);
  if (resource.kind.namespaced && route.namespace === "") throw methodNotAllowed(context);
  const options = parseWriteOptions(request.query, "CreateOptions");
  const object = toStoredVersion(resource, instantiate(context, await readBody(context), options.fieldValidation));
  if (resource.virtual !== undefined) return createVirtual(context, object, options.dryRun);
  if (resource.cache === undefined) throw methodNotAllowed(context);
  return { type: "object", status: 201, resource, stored: await createObject(context, { object, options }) };
}

/** Reviews and their like: checked as any object, answered, and forgotten. */
async function createVirtual(context: ResourceContext, object: StoredObject["object"], dryRun: boolean): Promise<Reply> {
  const { resource, user } = context;
  const { kind, virtual } = resource;
  if (virtual?.create === undefined)
    throw statusError("MethodNotAllowed", "the server does not allow this method on the requested resource");
  placeInNamespace(context, object);
  kind.applyDefaults?.(object);
  const admission = admissionRequest(context, {
    operation: "CREATE",
    namespace: storedNamespace(context),
    name: object.metadata?.name ?? "",
    dryRun,
    object,
    oldObject: undefined,
    options: optionsObject("CreateOptions", { dryRun, fieldManager: "", fieldValidation: "Warn", force: false }),
    subresource: "",
  });
  await mutate(context, admission);
  // What is not stored needs no name; the kind says itself what its metadata may hold.
  const errors = kind.validate?.(object, undefined, { operation: "CREATE" }) ?? [];
  if (errors.length > 0) throw invalid({ group: kind.group, kind: kind.kind, name: object.metadata?.name ?? "" }, errors);
  await validateAdmission(context, admission);
  const answer = await virtual.create(object, { user, namespace: storedNamespace(context) });
  return { type: "object", status: 201, resource, stored: new StoredObject(resource.codec, answer, 0) };
}
