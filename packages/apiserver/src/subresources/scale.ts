import {
  badRequest,
  conflict,
  internalError,
  invalid,
  PATCH_TYPES,
  selectorFromLabels,
  selectorFromLabelSelector,
  validateScale,
  type JsonValue,
  type KubeObject,
  type LabelSelector,
  type Labels,
  type Scale,
  type ScalePaths,
} from "@skiff/api";
import { assert } from "@skiff/base";
import type { Reply } from "../reply.ts";
import type { ResourceContext } from "../request-context.ts";
import type { StoredObject } from "../registry/stored-object.ts";
import { copyOf, instantiate, readBody } from "../stages/decode.ts";
import { existingState, methodNotAllowed, placeAtName, placeInNamespace, subjectOf } from "../verbs/object-target.ts";
import { applyPatchBody, readPatch } from "../verbs/patch-body.ts";
import { updateObject } from "../verbs/update-object.ts";
import { parseRevision } from "../verbs/update.ts";
import { parseWriteOptions, type WriteOptions } from "../write-options.ts";
import { fieldAt, SCALE, setFieldAt, withBodyKind } from "./body-kinds.ts";

/** Starts again when somebody else changed the object meanwhile; after this many times the request fails. */
const MAX_ATTEMPTS = 16;

/** `/…/scale` of any kind that has {@link ScalePaths}: reads and writes the count of replicas as an `autoscaling/v1` Scale. */
export async function scaleHandler(context: ResourceContext): Promise<Reply> {
  switch (context.request.method) {
    case "GET":
    case "HEAD":
      await context.core.registry.catchUp();
      return reply(scaleOf(context, await existingState(context)));
    case "PUT":
      return replaceScale(context);
    case "PATCH":
      return patchScale(context);
    default:
      throw methodNotAllowed(context);
  }
}

async function replaceScale(context: ResourceContext): Promise<Reply> {
  const options = parseWriteOptions(context.request.query, "UpdateOptions");
  const sent = instantiate(withBodyKind(context, SCALE), await readBody(context), options.fieldValidation) as Scale;
  return write(context, options, "UpdateOptions", () => sent);
}

async function patchScale(context: ResourceContext): Promise<Reply> {
  const scaleContext = withBodyKind(context, SCALE);
  const read = await readPatch(scaleContext);
  const options = parseWriteOptions(context.request.query, "PatchOptions", PATCH_TYPES[read.type]);
  // A Scale has no lists, so that applying one is merging it.
  const body = read.type === "apply" ? ({ ...read, type: "merge" } as const) : read;
  return write(context, options, "PatchOptions", (live) => {
    const patched = applyPatchBody(scaleContext, copyOf(live) as KubeObject, body, options.fieldValidation) as Scale;
    // A patch that says nothing of the revision holds for any.
    if (patched.metadata?.resourceVersion === live.metadata?.resourceVersion) delete patched.metadata?.resourceVersion;
    return patched;
  });
}

async function write(
  context: ResourceContext,
  options: WriteOptions,
  optionsKind: "UpdateOptions" | "PatchOptions",
  wantedOf: (live: Scale) => Scale,
): Promise<Reply> {
  const { core, route } = context;
  const subject = subjectOf(context, route.name);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const old = await existingState(context);
    const live = scaleOf(context, old);
    const wanted = wantedOf(live);
    placeInNamespace(context, wanted);
    placeAtName(wanted, route.name);
    const { uid } = wanted.metadata ?? {};
    if (uid && uid !== old.metadata.uid) {
      throw conflict(subject, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid ?? ""}`);
    }
    const revision = parseRevision(wanted.metadata?.resourceVersion);
    if (revision !== undefined && revision !== old.revision) throw conflict(subject);
    const errors = validateScale(wanted);
    if (errors.length > 0) throw invalid({ group: SCALE.group, kind: SCALE.kind, name: route.name }, errors);
    const object = copyOf(old.object);
    setFieldAt(object, pathsOf(context).specReplicas, wanted.spec?.replicas ?? 0);
    const stored = await updateObject(context, { old, object, options, optionsKind, subject: { object: wanted, oldObject: live } });
    if (stored !== undefined) return reply(scaleOf(context, stored));
    await core.registry.catchUp();
  }
  throw conflict(subject);
}

function reply(scale: Scale): Reply {
  return { type: "value", status: 200, value: scale };
}

function pathsOf({ resource }: ResourceContext): ScalePaths {
  const { scale } = resource.kind;
  assert(scale !== undefined, `${resource.kind.kind} has no scale`);
  return scale;
}

/** The Scale of an object as it is stored. Errors: `InternalError` for custom resources that do not say how many they want. */
function scaleOf(context: ResourceContext, { object, metadata }: StoredObject): Scale {
  const paths = pathsOf(context);
  const wanted = fieldAt(object, paths.specReplicas);
  if (wanted === undefined && context.resource.structural) {
    throw internalError(`the spec replicas field ".${paths.specReplicas.replace(/^\./, "")}" does not exist`);
  }
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const replicas = countOf(wanted);
  const selector = selectorText(context, paths, object);
  return {
    kind: SCALE.kind,
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as NonNullable<Scale["metadata"]>,
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: countOf(fieldAt(object, paths.statusReplicas)), ...(selector === "" ? {} : { selector }) },
  };
}

function countOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function selectorText(context: ResourceContext, paths: ScalePaths, object: KubeObject): string {
  const value = paths.selector === undefined ? undefined : (fieldAt(object, paths.selector) as JsonValue | undefined);
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value !== "object" || Array.isArray(value)) throw badRequest("the selector of the object is no selector");
  // Replication controllers have a map of labels where the other kinds have a selector.
  const isLabels = context.resource.kind.group === "" && context.resource.kind.kind === "ReplicationController";
  return isLabels ? selectorFromLabels(value as Labels).toString() : selectorFromLabelSelector(value as LabelSelector).toString();
}
