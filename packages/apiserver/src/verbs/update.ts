import { badRequest, conflict, invalid, notFound, type KubeObject } from "@skiff/api";
import type { Reply } from "../reply.ts";
import type { StoredObject } from "../registry/stored-object.ts";
import type { ResourceContext } from "../request-context.ts";
import { toStoredVersion } from "../served-resources.ts";
import { copyOf, instantiate, readBody } from "../stages/decode.ts";
import { parseWriteOptions, type WriteOptions } from "../write-options.ts";
import { createObject } from "./create-object.ts";
import { currentState, loadedCache, placeAtName, placeInNamespace, storedNamespace, subjectOf } from "./object-target.ts";
import { updateObject } from "./update-object.ts";

/** An update without a revision starts again when somebody else was faster; after this many times it gives up. */
const MAX_ATTEMPTS = 16;

/** `PUT /…/pods/web`, and the same to a subresource that is a part of the object. */
export async function update(context: ResourceContext): Promise<Reply> {
  const { core, resource, route, request } = context;
  const options = parseWriteOptions(request.query, "UpdateOptions");
  const sent = toStoredVersion(resource, instantiate(context, await readBody(context), options.fieldValidation));
  placeInNamespace(context, sent);
  if (!sent.metadata?.name) throw badRequest("name must be provided");
  placeAtName(sent, route.name);
  const wanted = { uid: sent.metadata.uid, revision: parseRevision(sent.metadata.resourceVersion) };

  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const old = await stateFor(context, wanted.revision);
    if (old === undefined) return createInstead(context, sent, options);
    checkAssumptions(context, old, wanted);
    const object = wanted.revision === undefined && attempt < MAX_ATTEMPTS ? copyOf(sent) : sent;
    const stored = await updateObject(context, { old, object, options, optionsKind: "UpdateOptions" });
    if (stored !== undefined) return { type: "object", status: 200, resource, stored };
    if (wanted.revision !== undefined) break;
    await core.registry.catchUp();
  }
  throw conflict(subjectOf(context, route.name));
}

/** The state to change. Where the cache is not at the revision that the client has seen, it may be behind. */
async function stateFor(context: ResourceContext, revision: number | undefined): Promise<StoredObject | undefined> {
  const stored = await currentState(context);
  if (stored === undefined || revision === undefined || stored.revision === revision) return stored;
  await context.core.registry.catchUp();
  return currentState(context);
}

function checkAssumptions(
  context: ResourceContext,
  old: StoredObject,
  wanted: { readonly uid: string | undefined; readonly revision: number | undefined },
): void {
  const { kind } = context.resource;
  const subject = subjectOf(context, old.name);
  if (wanted.uid && wanted.uid !== old.metadata.uid) {
    throw conflict(subject, `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${old.metadata.uid ?? ""}`);
  }
  if (wanted.revision === undefined) {
    if (kind.allowUnconditionalUpdate !== false) return;
    const message = "Invalid value: 0x0: must be specified for an update";
    throw invalid({ ...subject }, [{ type: "FieldValueInvalid", field: "metadata.resourceVersion", message }]);
  }
  if (wanted.revision !== old.revision) throw conflict(subject);
}

/** There is nothing to update: some kinds are created then. */
async function createInstead(context: ResourceContext, object: KubeObject, options: WriteOptions): Promise<Reply> {
  const { resource, route } = context;
  const subject = subjectOf(context, route.name);
  if (object.metadata?.uid) {
    // Upstream's words: clients that lost a race with a deletion see a conflict, not a missing object.
    const why = `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: `;
    throw conflict(
      subject,
      `StorageError: invalid object, Code: 4, Key: ${keyOf(context)}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
    );
  }
  if (!resource.kind.allowCreateOnUpdate || route.subresource !== "") throw notFound(subject);
  delete object.metadata?.resourceVersion;
  const stored = await createObject(context, { object, options, optionsKind: "UpdateOptions" });
  return { type: "object", status: 201, resource, stored };
}

function keyOf(context: ResourceContext): string {
  const namespace = storedNamespace(context);
  return `${loadedCache(context).prefix}${namespace === "" ? "" : `${namespace}/`}${context.route.name}`;
}

/** The revision that an object carries; absent and `0` mean that the client does not care. */
export function parseRevision(text: string | undefined): number | undefined {
  if (text === undefined || text === "" || text === "0") return undefined;
  if (!/^\d{1,20}$/.test(text)) throw badRequest(`invalid resource version: "${text}" is not a decimal number`);
  return Number(text);
}
