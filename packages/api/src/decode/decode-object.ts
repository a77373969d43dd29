import type { KubeObject } from "../object.ts";
import { isJsonObject, getKey, type JsonObject, type JsonValue } from "../json-value.ts";
import { apiVersionOf, parseApiVersion } from "../resource.ts";
import type { GroupVersionKind, Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";
import { badRequest, type StatusError } from "../status.ts";
import { DecodeError } from "./decode-error.ts";
import type { Decoded, DecodeLimits } from "./decoded.ts";
import { decodeJson } from "./decode-json.ts";
import { decodeYaml } from "./decode-yaml.ts";
import { readStructural } from "./structural-decoder.ts";
import { jsonTypeName, readTyped, type TypedValue } from "./typed-decoder.ts";

const NO_KIND = "couldn't get version/kind; json parse error: ";

/** What upstream's decoder reads first, as it calls it. */
const KIND_STRUCT = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** What becomes of unknown and duplicate fields: refuse the request, warn, or say nothing. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** What an object is read as. */
export interface DecodeTarget {
  /** What the request's path stands for; fills in a missing `apiVersion` or `kind`. */
  readonly expected: GroupVersionKind;
  /** The name of the schema in the registry. */
  readonly schema: string;
  readonly registry: SchemaRegistry;
  /** True for custom resources: types are checked by validation instead of here. Default false. */
  readonly structural?: boolean;
}

/** An object that was read. */
export interface DecodedObject {
  /** With `apiVersion` and `kind`. May share parts with the input. */
  readonly object: KubeObject;
  /** One text for each unknown or duplicate field, for the client's `Warning` headers; empty unless asked to warn. */
  readonly warnings: readonly string[];
}

/** The body of a write. */
export interface ObjectDocument {
  readonly body: Uint8Array | string;
  readonly format: "json" | "yaml";
  readonly limits?: DecodeLimits;
}

/** Reads the body of a POST or PUT. Throws `StatusError` (400) in upstream's words for everything that is wrong with it. */
export function decodeObject(document: ObjectDocument, target: DecodeTarget, fieldValidation: FieldValidation): DecodedObject {
  let decoded: Decoded;
  try {
    decoded = (document.format === "json" ? decodeJson : decodeYaml)(document.body, document.limits);
  } catch (error) {
    throw unrecognized(error, document, target);
  }
  return readObject(decoded, target, fieldValidation);
}

/**
 * Reads a value that is decoded already: the second half of {@link decodeObject}, for objects from inside the process and
 * for the results of patches. The input is not changed.
 */
export function readObject(decoded: Decoded, target: DecodeTarget, fieldValidation: FieldValidation): DecodedObject {
  const { expected } = target;
  const named = withKind(decoded.value, expected);
  const { value, problems: found } = readBySchema({ ...decoded, value: named }, target);
  const problems = decoded.repeatedKeys === undefined ? found : [decoded.repeatedKeys, ...found];
  if (problems.length > 0 && fieldValidation === "Strict") {
    throw cannotBeHandled(expected, `strict decoding error: ${problems.join(", ")}`);
  }
  return { object: value as KubeObject, warnings: fieldValidation === "Warn" ? problems : [] };
}

/** Reads a value by the target's schema, without looking at its kind. Throws `StatusError` (400) for wrong types. */
export function readBySchema(decoded: Decoded, target: DecodeTarget): TypedValue {
  try {
    if (target.structural !== true) return readTyped(decoded, target.schema, target.registry);
    const schema: Schema = target.registry.get(target.schema);
    return readStructural(decoded, schema, target.registry);
  } catch (error) {
    if (error instanceof DecodeError) throw cannotBeHandled(target.expected, error.message);
    throw error;
  }
}

/** The object with `apiVersion` and `kind`, which must be the expected ones if they are there. */
function withKind(value: JsonValue, expected: GroupVersionKind): JsonObject {
  if (!isJsonObject(value)) {
    const why = `json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${KIND_STRUCT}`;
    throw badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${NO_KIND}${why}`);
  }
  const apiVersion = apiVersionOf(expected);
  const givenVersion = textOrRefused(value, "apiVersion", expected.kind);
  const givenKind = textOrRefused(value, "kind", expected.kind);
  if (givenVersion === apiVersion && givenKind === expected.kind) return value;
  if (givenKind !== "" && givenKind !== expected.kind) {
    const version = givenVersion === "" ? expected.version : parseApiVersion(givenVersion).version;
    const group = expected.group === "" ? "core" : expected.group.split(".", 1)[0];
    const why = `converting (${version}.${givenKind}) to (${group}.${expected.kind}): unknown conversion`;
    throw badRequest(`${givenKind} in version "${version}" cannot be handled as a ${expected.kind}: ${why}`);
  }
  if (givenVersion !== "" && givenVersion !== apiVersion) {
    throw badRequest(`the API version in the data (${givenVersion}) does not match the expected API version (${apiVersion})`);
  }
  return { ...value, apiVersion, kind: expected.kind };
}

/** The field's text, empty when it is absent. */
function textOrRefused(object: JsonObject, field: "apiVersion" | "kind", expectedKind: string): string {
  const given = getKey(object, field) ?? "";
  if (typeof given === "string") return given;
  const why = `json: cannot unmarshal ${jsonTypeName(given)} into Go struct field .${field} of type string`;
  throw badRequest(`the object provided is unrecognized (must be of type ${expectedKind}): ${NO_KIND}${why}`);
}

function cannotBeHandled({ kind, version }: GroupVersionKind, why: string): StatusError {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}

function unrecognized(error: unknown, document: ObjectDocument, target: DecodeTarget): unknown {
  if (!(error instanceof DecodeError)) return error;
  const source = document.format === "json" ? NO_KIND : "";
  return badRequest(
    `the object provided is unrecognized (must be of type ${target.expected.kind}): ${source}${error.message} (${summary(document.body)})`,
  );
}

/** The beginning of a broken document, as upstream shows it: text if it looks like JSON, hexadecimal otherwise. */
function summary(body: Uint8Array | string): string {
  const shown = 30;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body.slice(0, shown + 1)) : body.subarray(0, shown + 1);
  if (bytes.length === 0) return "<empty>";
  const head = bytes.subarray(0, shown);
  const text = head[0] === 0x7b ? new TextDecoder().decode(head) : Array.from(head, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > shown ? `${text} ...` : text;
}
