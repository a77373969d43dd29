import { badRequest, DecodeError, decodeJson, readObject, statusError, type Decoded, type JsonValue, type KubeObject } from "@skiff/api";
import { decodeProtobuf, PROTOBUF_TYPE } from "../protobuf/decode-protobuf.ts";
import { decodeYamlBody, type YamlDecoder } from "../ports/yaml-decoder.ts";
import type { RequestContext, ResourceContext } from "../request-context.ts";
import type { ServerRequest } from "../server-request.ts";
import type { FieldValidation } from "../write-options.ts";

/** A body that has been read, but not yet understood as an object of a kind. */
interface RawBody extends Decoded {
  /** True when nobody else holds parts of `value`, so that it need not be copied. */
  readonly exclusive?: boolean;
}

const NONE: readonly string[] = [];
const NO_DECIMALS: ReadonlyMap<string, string> = new Map();

/**
 * Reads the body in its content type.
 *
 * Errors: `UnsupportedMediaType`, `RequestEntityTooLarge`, and `BadRequest` for what cannot be parsed.
 */
export async function readBody({ core, request }: RequestContext, types: readonly string[] = DOCUMENT_TYPES): Promise<RawBody | undefined> {
  const { body } = request;
  if (body.type === "none") return undefined;
  if (body.type === "value") {
    return body.value === undefined ? undefined : { value: body.value as JsonValue, duplicates: NONE, decimals: NO_DECIMALS };
  }
  const type = mediaType(request.headers["content-type"]);
  const known = type === "" ? "application/json" : type;
  if (!types.includes(known)) {
    throw statusError(
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: ${types.join(", ")}`,
    );
  }
  requirePlainBody(request);
  const bytes = await body.read();
  return bytes.length === 0 ? undefined : { ...(await parseDocument(bytes, known, core.yaml)), exclusive: true };
}

/** What a create or update may be written in. */
const DOCUMENT_TYPES = ["application/json", "application/yaml", PROTOBUF_TYPE] as const;

/** The type without its parameters, in lower case. */
export function mediaType(header: string | undefined): string {
  return (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** A packed body could unpack to anything; none is taken. Errors: `UnsupportedMediaType`. */
export function requirePlainBody({ headers }: ServerRequest): void {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") throw statusError("UnsupportedMediaType", `content encoding "${encoding}" is not supported in requests`);
}

async function parseDocument(bytes: Uint8Array, type: string, yaml: YamlDecoder | undefined): Promise<Decoded> {
  try {
    if (type === PROTOBUF_TYPE) return decodeProtobuf(bytes);
    return type.endsWith("yaml") ? await decodeYamlBody(bytes, yaml) : decodeJson(bytes);
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(error.message);
    throw error;
  }
}

/**
 * Understands a body as an object of `resource` in its served version: a fresh object that may be changed, without the
 * fields that the kind does not have. Unknown and duplicate fields are errors, warnings or nothing.
 *
 * Errors: `BadRequest` for another kind or version, for values of the wrong type and, with `Strict`, for unknown fields.
 */
export function instantiate(context: ResourceContext, body: RawBody | undefined, validation: FieldValidation): KubeObject {
  if (body === undefined) throw badRequest("the request body is empty: an object was expected");
  const { resource, core } = context;
  const { group, version, kind, schema, structural } = resource;
  const target = { expected: { group, version, kind: kind.kind }, schema, registry: core.schemas, structural };
  const { object, warnings } = readObject(body.exclusive ? body : { ...body, value: copyOf(body.value) }, target, validation);
  for (const warning of warnings) context.warnings.add(warning);
  object.metadata ??= {};
  return object;
}

/** A copy that shares nothing with `value`; fields without a value are left out, as JSON leaves them out. */
export function copyOf<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    for (const item of value) list.push(item === undefined ? null : copyOf(item));
    return list as T;
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const field = (value as Readonly<Record<string, unknown>>)[key];
    if (field === undefined) continue;
    if (key === "__proto__")
      Object.defineProperty(copy, key, { value: copyOf(field), writable: true, enumerable: true, configurable: true });
    else copy[key] = copyOf(field);
  }
  return copy as T;
}
