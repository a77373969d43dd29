import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  badRequest,
  DecodeError,
  decodeJson,
  invalid,
  invalidValue,
  PATCH_TYPES,
  readObject,
  statusError,
  StatusError,
  type JsonValue,
  type KubeObject,
  writeJson,
} from "@skiff/api";
import { decodeYamlBody } from "../ports/yaml-decoder.ts";
import type { ResourceContext } from "../request-context.ts";
import { copyOf, mediaType, requirePlainBody } from "../stages/decode.ts";
import type { FieldValidation } from "../write-options.ts";

/** A patch that has been read. */
export interface Patch {
  readonly type: keyof typeof PATCH_TYPES;
  readonly value: JsonValue;
  /** Paths that stand twice in the patch's document. */
  readonly duplicates: readonly string[];
  /** What is wrong with the keys of a YAML document. */
  readonly repeatedKeys?: string;
}

/**
 * Reads the patch.
 *
 * Errors: `UnsupportedMediaType` for a type that does not exist or that the kind does not have; `BadRequest`.
 */
export async function readPatch(context: ResourceContext): Promise<Patch> {
  const { core, request, resource } = context;
  const contentType = mediaType(request.headers["content-type"]);
  const types = Object.keys(PATCH_TYPES) as (keyof typeof PATCH_TYPES)[];
  const type = types.find((each) => PATCH_TYPES[each] === contentType);
  const offered = types.filter((each) => each !== "strategic" || !resource.structural);
  if (type === undefined || !offered.includes(type)) {
    const names = offered.map((each) => PATCH_TYPES[each]).join(", ");
    throw statusError("UnsupportedMediaType", `the body of the request was in an unknown format - accepted media types include: ${names}`);
  }
  const { body } = request;
  if (body.type === "value") return { type, value: copyOf(body.value) as JsonValue, duplicates: [] };
  requirePlainBody(request);
  const bytes = body.type === "none" ? Buffer.alloc(0) : await body.read();
  if (bytes.length === 0) throw badRequest("the request body is empty: a patch was expected");
  try {
    const { decimals: _unused, ...document } = type === "apply" ? await decodeYamlBody(bytes, core.yaml) : decodeJson(bytes);
    return { type, ...document };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw badRequest(type === "apply" ? `error decoding YAML: ${error.message}` : `error decoding patch: ${error.message}`);
  }
}

/**
 * `live`, of the served version, with the patch applied: a fresh object.
 *
 * Errors: `Invalid` when the patch does not fit or its result is no object of the kind; with `Strict` for unknown fields.
 */
export function applyPatchBody(context: ResourceContext, live: KubeObject, patch: Patch, validation: FieldValidation): KubeObject {
  const { core, resource } = context;
  const document = live as unknown as JsonValue;
  let patched: JsonValue;
  if (patch.type === "json") patched = applyJsonPatch(document, patch.value);
  else if (patch.type === "merge") patched = applyMergePatch(document, patch.value);
  else patched = applyStrategicMergePatch(document, patch.value, core.schemas.get(resource.schema), core.schemas);
  return readPatched(context, patched, patch, validation);
}

/** The result of a patch as an object of the kind. Errors: `Invalid`. */
export function readPatched(context: ResourceContext, patched: JsonValue, patch: Patch, validation: FieldValidation): KubeObject {
  const { core, resource } = context;
  const { group, version, kind, schema, structural } = resource;
  const target = { expected: { group, version, kind: kind.kind }, schema, registry: core.schemas, structural };
  const decoded = { value: copyOf(patched), duplicates: patch.duplicates, decimals: new Map<string, string>() };
  let read;
  try {
    // Problems are collected here, as with patches they make the request invalid instead of bad.
    read = readObject(decoded, target, validation === "Ignore" ? "Ignore" : "Warn");
  } catch (error) {
    if (error instanceof StatusError && error.reason === "BadRequest") throw invalidPatch(patch, error.message);
    throw error;
  }
  if (validation === "Strict" && read.warnings.length > 0) throw invalidPatch(patch, `strict decoding error: ${read.warnings.join(", ")}`);
  for (const warning of read.warnings) context.warnings.add(warning);
  read.object.metadata ??= {};
  return read.object;
}

function invalidPatch(patch: Patch, why: string): StatusError {
  return invalid({ kind: "", name: "" }, [invalidValue("patch", writeJson(patch.value), why)]);
}
