import { decodeJson, DecodeError, type Decoded, type JsonObject, type JsonValue } from "@skiff/api";
import { formatMicroTime, formatTime, protobufFields, type ProtobufField } from "@skiff/base";
import { messageType, type FieldType } from "./message-type.ts";

/** The media type of {@link decodeProtobuf}. */
export const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";

/** What every object begins with, so that it cannot be taken for anything else. */
const MAGIC = Buffer.from("k8s\0");
/** Deeper than any kind is; schemas of custom resources nest themselves. */
const MAX_DEPTH = 100;

/**
 * Reads an object in the API's protobuf form (API concepts, "Kubernetes Protobuf encoding") as the value that its JSON
 * form would be: newer kubectl and most clients written in Go send built-in kinds in it. Fields that this version does
 * not know are passed over.
 *
 * Errors: `DecodeError`.
 */
export function decodeProtobuf(bytes: Uint8Array): Decoded {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(MAGIC.length, bytes.length)).equals(MAGIC)) {
    throw new DecodeError("provided data does not appear to be a protobuf message, expected prefix 6b 38 73 00");
  }
  let apiVersion = "";
  let kind = "";
  let raw: Uint8Array = new Uint8Array(0);
  for (const field of fieldsOf(bytes.subarray(MAGIC.length))) {
    if (field.number === 2) raw = field.bytes;
    else if (field.number === 1) {
      for (const part of fieldsOf(field.bytes)) {
        if (part.number === 1) apiVersion = textOf(part);
        else if (part.number === 2) kind = textOf(part);
      }
    }
  }
  if (kind === "") throw new DecodeError("Object 'Kind' is missing in the protobuf message");
  const name = messageOfKind(apiVersion, kind);
  if (name === undefined) throw new DecodeError(`no kind "${kind}" is registered for version "${apiVersion}"`);
  const value: JsonObject = { kind, apiVersion };
  readInto(value, name, raw, 0);
  return { value, duplicates: [], decimals: new Map() };
}

/** Packages are named for the first word of their group; options of requests belong to every group. */
function messageOfKind(apiVersion: string, kind: string): string | undefined {
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "core" : (apiVersion.split(".", 1)[0]?.split("/", 1)[0] ?? "");
  const own = `${group}.${apiVersion.slice(slash + 1)}.${kind}`;
  const shared = `meta.v1.${kind}`;
  return messageType(own) !== undefined ? own : messageType(shared) !== undefined ? shared : undefined;
}

function readInto(target: JsonObject, name: string, bytes: Uint8Array, depth: number): void {
  const type = messageType(name);
  if (type === undefined) throw new DecodeError(`the message ${name} is unknown`);
  if (depth > MAX_DEPTH) throw new DecodeError(`the message is nested deeper than ${MAX_DEPTH} levels`);
  for (const field of fieldsOf(bytes)) {
    const fieldType = type.get(field.number);
    if (fieldType === undefined) continue;
    if (fieldType.name === "") readInto(target, fieldType.message, field.bytes, depth + 1);
    else readField(target, fieldType, field, depth);
  }
}

function readField(target: JsonObject, type: FieldType, field: ProtobufField, depth: number): void {
  if (type.map) {
    const entries = (own(target, type.name) ?? {}) as JsonObject;
    const [key, value] = entryOf(type, field.bytes, depth);
    define(entries, key, value);
    define(target, type.name, entries);
    return;
  }
  const value = valueOf(type, field, depth);
  if (type.repeated) {
    const list = (own(target, type.name) ?? []) as JsonValue[];
    list.push(value ?? null);
    define(target, type.name, list);
    return;
  }
  const isZero = type.scalar !== undefined && (value === "" || value === 0 || value === false);
  if (value !== undefined && (!isZero || type.keepsZero)) define(target, type.name, value);
}

function* fieldsOf(message: Uint8Array): Generator<ProtobufField, void, undefined> {
  try {
    yield* protobufFields(message);
  } catch (error) {
    if (error instanceof RangeError) throw new DecodeError(error.message, { cause: error });
    throw error;
  }
}

function entryOf(type: FieldType, bytes: Uint8Array, depth: number): [string, JsonValue] {
  let key = "";
  let value: JsonValue | undefined;
  for (const part of fieldsOf(bytes)) {
    if (part.number === 1) key = textOf(part);
    else if (part.number === 2) value = valueOf(type, part, depth);
  }
  return [key, value ?? (type.scalar === undefined ? {} : "")];
}

function valueOf(type: FieldType, field: ProtobufField, depth: number): JsonValue | undefined {
  switch (type.scalar) {
    case "s":
      return textOf(field);
    case "b":
      return field.value !== 0;
    case "i":
      return field.value;
    case "d":
      return doubleOf(field.bytes);
    case "y":
      return Buffer.from(field.bytes).toString("base64");
    default:
      return messageValue(type.message, field.bytes, depth + 1);
  }
}

/** A message as JSON has it: for most an object, for these few something else. */
function messageValue(name: string, bytes: Uint8Array, depth: number): JsonValue | undefined {
  switch (name) {
    case "meta.v1.Time":
    case "meta.v1.MicroTime":
      return bytes.length === 0 ? undefined : timeOf(bytes, name === "meta.v1.MicroTime");
    case "meta.v1.Duration":
      return `${(single(bytes, 1)?.value ?? 0) / 1e9}s`;
    case "quantity.Quantity":
      return textOf(single(bytes, 1));
    case "intstr.IntOrString":
      return single(bytes, 1)?.value === 1 ? textOf(single(bytes, 3)) : (single(bytes, 2)?.value ?? 0);
    case "meta.v1.FieldsV1":
    case "runtime.RawExtension":
    case "apiextensions.v1.JSON":
      return embeddedJson(single(bytes, 1)?.bytes);
    case "meta.v1.Verbs":
    case "authentication.v1.ExtraValue":
    case "authorization.v1.ExtraValue":
    case "certificates.v1.ExtraValue":
      return Array.from(fieldsOf(bytes), textOf);
    case "apiextensions.v1.JSONSchemaPropsOrArray":
    case "apiextensions.v1.JSONSchemaPropsOrBool":
    case "apiextensions.v1.JSONSchemaPropsOrStringArray":
      return schemaOr(name, bytes, depth);
    default: {
      const value: JsonObject = {};
      readInto(value, name, bytes, depth);
      return value;
    }
  }
}

/** A schema, or what may stand in its place: a list of schemas, a boolean, or a list of texts. */
function schemaOr(name: string, bytes: Uint8Array, depth: number): JsonValue {
  const schemaNumber = name.endsWith("OrBool") ? 2 : 1;
  const schema = single(bytes, schemaNumber);
  if (schema !== undefined) return messageValue("apiextensions.v1.JSONSchemaProps", schema.bytes, depth + 1) ?? {};
  if (name.endsWith("OrBool")) return single(bytes, 1)?.value === 1;
  const others = Array.from(fieldsOf(bytes)).filter(({ number }) => number === 2);
  if (name.endsWith("OrStringArray")) return others.map(textOf);
  return others.map((field) => messageValue("apiextensions.v1.JSONSchemaProps", field.bytes, depth + 1) ?? {});
}

function single(bytes: Uint8Array, number: number): ProtobufField | undefined {
  let found: ProtobufField | undefined;
  for (const field of fieldsOf(bytes)) if (field.number === number) found = field;
  return found;
}

function timeOf(bytes: Uint8Array, micro: boolean): string {
  const milliseconds = (single(bytes, 1)?.value ?? 0) * 1000 + (single(bytes, 2)?.value ?? 0) / 1e6;
  if (Math.abs(milliseconds) > 8.64e15) throw new DecodeError("a time is out of range");
  return micro ? formatMicroTime(milliseconds) : formatTime(milliseconds);
}

function embeddedJson(bytes: Uint8Array | undefined): JsonValue | undefined {
  return bytes === undefined || bytes.length === 0 ? undefined : decodeJson(bytes).value;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(field: ProtobufField | undefined): string {
  if (field === undefined) return "";
  try {
    return UTF8.decode(field.bytes);
  } catch (error) {
    throw new DecodeError("a text is not valid UTF-8", { cause: error });
  }
}

function doubleOf(bytes: Uint8Array): number {
  if (bytes.length !== 8) throw new DecodeError("a number has the wrong width");
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
}

function own(target: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(target, name) ? target[name] : undefined;
}

/** Sets a key that a client may have chosen, `__proto__` too. */
function define(target: JsonObject, name: string, value: JsonValue): void {
  if (name === "__proto__") Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  else target[name] = value;
}
