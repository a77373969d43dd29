import { alreadyExists, badRequest, statusError, type KindDefinition, type KubeObject } from "@skiff/api";
import type { StoredObject } from "../registry/stored-object.ts";
import type { ResourceContext } from "../request-context.ts";
import { admissionRequest, mutate, validateAdmission } from "../stages/admit.ts";
import { commit } from "../stages/commit.ts";
import { prepareCreate } from "../stages/prepare-metadata.ts";
import { originOf, setManagedFields, trackFields } from "../stages/track-fields.ts";
import { validate, writeContextOf } from "../stages/validate.ts";
import type { WriteOptions } from "../write-options.ts";
import { loadedCache, placeInNamespace, storedNamespace, strategyOf, subjectOf, warnOfDuplicateOwners } from "./object-target.ts";
import { optionsObject } from "./options-object.ts";

/** How often a generated name may turn out to be taken before the request fails. */
const MAX_NAME_ATTEMPTS = 8;

/** A creation, decoded and in the stored version. */
interface Creation {
  /** Belongs to the server; changed in place and stored. */
  readonly object: KubeObject;
  readonly options: WriteOptions;
  /** For admission: the options of the request are of this kind. Default `CreateOptions`. */
  readonly optionsKind?: "CreateOptions" | "UpdateOptions" | "PatchOptions";
  /** True for the first apply: the managed fields are in the object already and stand for it as it is given here. */
  readonly applied?: boolean;
}

/**
 * The life of a new object behind decoding: default → name → mutating admission → managed fields → prepare →
 * reserve → validate → validating admission → commit.
 *
 * Errors: `AlreadyExists`, `Invalid`, and the refusals of admission.
 */
export async function createObject(context: ResourceContext, creation: Creation): Promise<StoredObject> {
  const { core, resource } = context;
  const { kind } = resource;
  const { object, options } = creation;
  const cache = loadedCache(context);
  placeInNamespace(context, object);
  warnOfDuplicateOwners(context, object);
  kind.applyDefaults?.(object);
  const copied = Boolean(object.metadata?.resourceVersion);
  nameObject(context, object);
  const applied = creation.applied ? withoutStatus(structuredClone(object), kind) : undefined;

  const { name = "", namespace = "" } = object.metadata ?? {};
  const request = admissionRequest(context, {
    operation: "CREATE",
    namespace: storedNamespace(context),
    name,
    dryRun: options.dryRun,
    object,
    oldObject: undefined,
    options: optionsObject(creation.optionsKind ?? "CreateOptions", options),
    subresource: "",
  });
  await mutate(context, request);
  warnOfDuplicateOwners(context, object, " after mutating admission happens");
  // What admission added may lack fields as well.
  if (core.admission.length > 0) kind.applyDefaults?.(object);
  if (resource.structural && kind.statusSubresource) delete (object as { status?: unknown }).status;
  track(context, object, applied, options);
  const writeContext = writeContextOf(resource, "CREATE");
  kind.prepare?.(object, undefined, writeContext);
  const reservation = strategyOf(context)?.reserve?.(object, undefined);
  let isStored = false;
  try {
    validate(resource, object, undefined, writeContext);
    for (const warning of kind.warnings?.(object, undefined) ?? []) context.warnings.add(warning);
    await validateAdmission(context, request);
    // Last, as upstream's store looks at it: a wrong object is called wrong first, and a dry run never gets to the store.
    if (copied && !options.dryRun) throw badRequest("resourceVersion should not be set on objects to be created");
    const stored = await commit({ registry: core.registry, cache, old: undefined, object, dryRun: options.dryRun, version: resource });
    const existing = cache.objects.get(namespace, name);
    if (stored === undefined || (options.dryRun && existing !== undefined)) throw taken(context, name, existing);
    isStored = !options.dryRun;
    return stored;
  } finally {
    if (isStored) reservation?.commit();
    else reservation?.release();
  }
}

/** Names, identifies and dates the object. Generated names are tried until one is free. */
function nameObject(context: ResourceContext, object: KubeObject): void {
  const { core, resource } = context;
  const attempts = !object.metadata?.name && object.metadata?.generateName ? MAX_NAME_ATTEMPTS : 1;
  for (let attempt = 1; ; attempt++) {
    prepareCreate(core.host, resource.kind, object);
    const { namespace = "", name = "" } = object.metadata ?? {};
    if (attempt === attempts || resource.cache?.objects.get(namespace, name) === undefined) return;
    delete object.metadata?.name;
  }
}

/**
 * Records who owns what, before the kind prepares the object: nobody owns what the server fills in by itself, and a status
 * that is written on its own belongs to nobody yet. After an apply only what admission changed beside it is recorded.
 */
function track(context: ResourceContext, object: KubeObject, applied: KubeObject | undefined, options: WriteOptions): void {
  const origin = originOf(context, options, "");
  const owned = withoutStatus(object, context.resource.kind);
  trackFields(context, owned, applied, origin);
  setManagedFields(object, owned.metadata?.managedFields ?? []);
}

function withoutStatus(object: KubeObject, kind: KindDefinition): KubeObject {
  if (!kind.statusSubresource) return object;
  const { status: _status, ...rest } = object as KubeObject & { status?: unknown };
  return rest;
}

function taken(context: ResourceContext, name: string, existing: StoredObject | undefined): Error {
  const error = alreadyExists(subjectOf(context, name));
  if (existing?.metadata.deletionTimestamp === undefined) return error;
  return statusError("AlreadyExists", `object is being deleted: ${error.message}`, error.status.details);
}
