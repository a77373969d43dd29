import type { KubeObject } from "@skiff/api";
import type { StoredObject } from "../registry/stored-object.ts";
import type { ResourceContext } from "../request-context.ts";
import { admissionRequest, mutate, validateAdmission, type AdmissionSubject } from "../stages/admit.ts";
import { commit, remove } from "../stages/commit.ts";
import { keepAllButStatus, keepStatus, prepareUpdate, raiseGeneration } from "../stages/prepare-metadata.ts";
import { copyOf } from "../stages/decode.ts";
import { originOf, setManagedFields, trackFields } from "../stages/track-fields.ts";
import { validate, writeContextOf } from "../stages/validate.ts";
import type { WriteOptions } from "../write-options.ts";
import { isFreeToGo } from "./deletion-state.ts";
import { loadedCache, placeAtName, placeInNamespace, storedNamespace, strategyOf, warnOfDuplicateOwners } from "./object-target.ts";
import { optionsObject } from "./options-object.ts";

/** A change of an existing object, in the stored version. */
interface Update {
  readonly old: StoredObject;
  /** Belongs to the server; changed in place and stored. Must share nothing with `old`. */
  readonly object: KubeObject;
  readonly options: WriteOptions;
  readonly optionsKind: "UpdateOptions" | "PatchOptions";
  /** By which part of the object the change comes; empty: the object itself. Default: the route's. */
  readonly subresource?: string;
  /** What admission is shown, where that is not the object itself (for example a `Scale`). */
  readonly subject?: Pick<AdmissionSubject, "object" | "oldObject">;
  /** True for an apply: the managed fields are in the object already and stand for it as it is given here. */
  readonly applied?: boolean;
}

/**
 * The life of a change behind decoding: default → mutating admission → managed fields → prepare → reserve → validate →
 * validating admission → commit. An object that is being deleted and loses its last finalizer is removed instead.
 *
 * Answers `undefined` when somebody else changed the object meanwhile; nothing has happened then.
 *
 * Errors: `Invalid`, `BadRequest`, and the refusals of admission.
 */
export async function updateObject(context: ResourceContext, update: Update): Promise<StoredObject | undefined> {
  const { core, resource, route } = context;
  const { kind } = resource;
  const { old, object, options, subresource = route.subresource } = update;
  const cache = loadedCache(context);
  const writeContext = writeContextOf(resource, "UPDATE", subresource);
  placeInNamespace(context, object);
  placeAtName(object, old.name);
  warnOfDuplicateOwners(context, object);
  kind.applyDefaults?.(object);
  prepareUpdate(object, old.object);
  keepOtherParts(context, object, old.object, subresource, copyOf);
  const before = update.applied ? structuredClone(object) : old.object;

  const request = admissionRequest(context, {
    operation: "UPDATE",
    namespace: storedNamespace(context),
    name: old.name,
    dryRun: options.dryRun,
    object,
    oldObject: old.object,
    ...update.subject,
    options: optionsObject(update.optionsKind, options),
    subresource,
  });
  await mutate(context, request);
  warnOfDuplicateOwners(context, object, " after mutating admission happens");
  // What admission added may lack fields as well.
  if (core.admission.length > 0) kind.applyDefaults?.(object);
  // Shared now, not copied: nobody changes these parts any more, and what is the same object need not be compared or frozen.
  keepOtherParts(context, object, old.object, subresource, (part) => part);
  // Before the kind prepares the object: nobody owns what the server fills in by itself. After an apply only what admission
  // changed beside it is recorded here, as an ordinary write.
  trackFields(context, object, before, originOf(context, options, subresource));
  kind.prepare?.(object, old.object, writeContext);
  raiseGeneration(kind, object, old.object);
  const reservation = subresource === "" ? strategyOf(context)?.reserve?.(object, old) : undefined;
  let isStored = false;
  try {
    (object.metadata ??= {}).resourceVersion = String(old.revision);
    validate(resource, object, old.object, writeContext);
    for (const warning of kind.warnings?.(object, old.object) ?? []) context.warnings.add(warning);
    await validateAdmission(context, request);
    const isLast = isFreeToGo(object, old.object, strategyOf(context));
    if (isLast && !options.dryRun) {
      if (!(await remove(core.registry, cache, old))) return undefined;
      strategyOf(context)?.deleted?.(old.object);
      return old;
    }
    const stored = await commit({ registry: core.registry, cache, old, object, dryRun: options.dryRun, version: resource });
    isStored = stored !== undefined && !options.dryRun;
    return stored;
  } finally {
    if (isStored) reservation?.commit();
    else reservation?.release();
  }
}

/** What this way of writing cannot change stays as it was; `take` copies it or shares it. */
function keepOtherParts(
  { resource: { kind, structural } }: ResourceContext,
  object: KubeObject,
  old: KubeObject,
  subresource: string,
  take: (part: unknown) => unknown,
): void {
  if (subresource === "status") {
    keepAllButStatus(object, old, take);
    if (structural) keepMetadata(object, old);
  } else if (subresource === "" && kind.statusSubresource) keepStatus(object, old, take);
}

/** Through `status` the metadata of custom resources cannot be changed. */
function keepMetadata(object: KubeObject, old: KubeObject): void {
  const managedFields = object.metadata?.managedFields;
  object.metadata = copyOf(old.metadata) ?? {};
  setManagedFields(object, managedFields ?? old.metadata?.managedFields ?? []);
}
