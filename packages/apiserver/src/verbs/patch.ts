import { applyPatch, badRequest, conflict, isJsonObject, notFound, PATCH_TYPES, type JsonValue, type KubeObject } from "@skiff/api";
import type { Reply } from "../reply.ts";
import type { StoredObject } from "../registry/stored-object.ts";
import type { ResourceContext } from "../request-context.ts";
import { toServedVersion, toStoredVersion } from "../served-resources.ts";
import { originOf, setManagedFields } from "../stages/track-fields.ts";
import { parseWriteOptions, type WriteOptions } from "../write-options.ts";
import { createObject } from "./create-object.ts";
import { currentState, placeAtName, placeInNamespace, subjectOf } from "./object-target.ts";
import { applyPatchBody, readPatch, readPatched, type Patch } from "./patch-body.ts";
import { updateObject } from "./update-object.ts";
import { parseRevision } from "./update.ts";

/** A patch is applied again to the newer state when somebody else was faster; after this many times it gives up. */
const MAX_ATTEMPTS = 16;

/** `PATCH /…/pods/web`, and the same to a subresource that is a part of the object. */
export async function patch(context: ResourceContext): Promise<Reply> {
  const { core, resource, route, request } = context;
  const body = await readPatch(context);
  const options = parseWriteOptions(request.query, "PatchOptions", PATCH_TYPES[body.type]);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const old = await currentState(context);
    if (old === undefined) {
      if (body.type !== "apply" || route.subresource !== "") throw notFound(subjectOf(context, route.name));
      return createByApply(context, body, options);
    }
    const object = body.type === "apply" ? applied(context, old, body, options) : patched(context, old, body, options);
    if (object === old.object) return { type: "object", status: 200, resource, stored: old };
    const stored = await updateObject(context, { old, object, options, optionsKind: "PatchOptions", applied: body.type === "apply" });
    if (stored !== undefined) return { type: "object", status: 200, resource, stored };
    await core.registry.catchUp();
  }
  throw conflict(subjectOf(context, route.name));
}

function patched(context: ResourceContext, old: StoredObject, body: Patch, options: WriteOptions): KubeObject {
  const { resource, route } = context;
  const live = toServedVersion(resource, old.object);
  const isStatusOnly = route.subresource === "status" && body.type !== "json";
  const object = applyPatchBody(context, isStatusOnly ? statusPart(live) : live, body, options.fieldValidation);
  checkRevision(context, old, object);
  return toStoredVersion(resource, object);
}

/**
 * What a patch of the status can change. The rest stays as it is in any case, and need not be copied and read again with each
 * change of a status. A JSON patch may test it, so it gets the whole object.
 */
function statusPart(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, status } = object as KubeObject & { status?: unknown };
  return { apiVersion, kind, metadata, ...(status === undefined ? {} : { status }) } as KubeObject;
}

/** A patch that names a revision holds for that one only. */
function checkRevision(context: ResourceContext, old: StoredObject, object: KubeObject): void {
  const wanted = parseRevision(object.metadata?.resourceVersion);
  if (wanted !== undefined && wanted !== old.revision) throw conflict(subjectOf(context, old.name));
}

/** Server-side apply over an existing object. Answers the old object itself when the apply changes nothing. */
function applied(context: ResourceContext, old: StoredObject, body: Patch, options: WriteOptions): KubeObject {
  const { resource } = context;
  const config = configuration(context, body);
  if (config.metadata?.uid && config.metadata.uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${config.metadata.uid}, UID in object meta: ${old.metadata.uid ?? ""}`;
    throw conflict(subjectOf(context, old.name), why);
  }
  checkRevision(context, old, config);
  const live = toServedVersion(resource, old.object);
  const { object, managedFields } = serverSideApply(context, live, config, options);
  checkKeys(context, body, options);
  if (object === live) return old.object;
  const result = readPatched(context, object as unknown as JsonValue, body, options.fieldValidation);
  setManagedFields(result, managedFields);
  return toStoredVersion(resource, result);
}

async function createByApply(context: ResourceContext, body: Patch, options: WriteOptions): Promise<Reply> {
  const { resource, route } = context;
  const config = configuration(context, body);
  if (config.metadata?.uid) {
    const why = `uid mismatch: the provided object specified uid ${config.metadata.uid}, and no existing object was found`;
    throw conflict(subjectOf(context, route.name), why);
  }
  if (parseRevision(config.metadata?.resourceVersion) !== undefined) throw notFound(subjectOf(context, route.name));
  const { object, managedFields } = serverSideApply(context, undefined, config, options);
  checkKeys(context, body, options);
  const result = readPatched(context, object as unknown as JsonValue, body, options.fieldValidation);
  setManagedFields(result, managedFields);
  const stored = await createObject(context, {
    object: toStoredVersion(resource, result),
    options,
    optionsKind: "PatchOptions",
    applied: true,
  });
  return { type: "object", status: 201, resource, stored };
}

/** What is applied, with the name and namespace of the path. Errors: `BadRequest` for another kind, version or place. */
function configuration(context: ResourceContext, body: Patch): KubeObject {
  const { resource, route } = context;
  if (!isJsonObject(body.value)) throw badRequest("error decoding YAML: an object was expected");
  const config = body.value as unknown as KubeObject;
  if (config.apiVersion !== resource.apiVersion || config.kind !== resource.kind.kind) {
    const wanted = `${resource.apiVersion}, Kind=${resource.kind.kind}`;
    throw badRequest(`invalid object type: ${config.apiVersion ?? ""}, Kind=${config.kind ?? ""}: ${wanted} is expected by this path`);
  }
  config.metadata ??= {};
  placeInNamespace(context, config);
  placeAtName(config, route.name);
  return config;
}

function serverSideApply(
  context: ResourceContext,
  live: KubeObject | undefined,
  config: KubeObject,
  options: WriteOptions,
): ReturnType<typeof applyPatch> {
  const { core, resource, route } = context;
  return applyPatch({
    ...originOf(context, options),
    live,
    patch: config,
    force: options.force,
    schema: core.schemas.get(resource.schema),
    registry: core.schemas,
    resetFields: resetFields(context, route.subresource),
  });
}

/** Errors: with `Strict`, `BadRequest` for keys that stand twice in the document, which the apply itself cannot see any more. */
function checkKeys({ warnings }: ResourceContext, { repeatedKeys }: Patch, { fieldValidation }: WriteOptions): void {
  if (repeatedKeys === undefined || fieldValidation === "Ignore") return;
  const problem = `error converting YAML to JSON: ${repeatedKeys}`;
  if (fieldValidation === "Strict") throw badRequest(`error strict decoding YAML: ${problem}`);
  warnings.add(problem);
}

/** Nobody comes to own fields by a write that cannot change them. */
function resetFields({ resource: { kind, structural } }: ResourceContext, subresource: string): string[][] {
  if (subresource === "status") return structural ? [["spec"], ["metadata"]] : [["spec"]];
  return subresource === "" && kind.statusSubresource ? [["status"]] : [];
}
