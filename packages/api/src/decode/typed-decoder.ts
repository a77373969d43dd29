import { writeJson } from "../exact-json.ts";
import { messageOf } from "@skiff/base";
import { isJsonObject, setKey, type JsonObject, type JsonValue } from "../json-value.ts";
import { parseQuantity } from "../quantity.ts";
import { ANY_SCHEMA, type Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";
import { DecodeError } from "./decode-error.ts";
import type { Decoded } from "./decoded.ts";
import { formatPath } from "./json-parser.ts";
import { normalizeTimestamp } from "./timestamp.ts";

/** How many problems are reported at most, as upstream does. */
export const MAX_FIELD_PROBLEMS = 100;

/** A value after it was read by its schema. */
export interface TypedValue {
  /** The same as was given when nothing had to change; otherwise a copy of the changed parts. */
  readonly value: JsonValue;
  /** `unknown field "spec.foo"`, `duplicate field "spec.bar"`, in the order of the document. */
  readonly problems: readonly string[];
}

/**
 * Reads a value by the schema of a built-in kind, as upstream's decoder does: unknown fields are dropped and reported, null
 * stands for an absent field, quantities and times get their canonical spelling. Throws `DecodeError`, in the words of
 * upstream's decoder, for the first value of a wrong type. The input is not changed, so it may be frozen.
 */
export function readTyped(decoded: Decoded, definition: string, registry: SchemaRegistry): TypedValue {
  const decoder = new TypedDecoder(registry, decoded);
  const value = decoder.read(decoded.value, { ref: definition });
  return { value, problems: decoder.finish() };
}

/** What Go calls the JSON type of a value. */
export function jsonTypeName(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "bigint") return "number";
  return typeof value === "boolean" ? "bool" : typeof value;
}

const INT32_MAX = 2 ** 31 - 1;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

class TypedDecoder {
  readonly #registry: SchemaRegistry;
  readonly #duplicates: ReadonlySet<string>;
  readonly #decimals: ReadonlyMap<string, string>;
  readonly #problems: string[] = [];
  readonly #path: (string | number)[] = [];
  /** The names of fields from the root, without indices and map keys: how the messages of type errors name a field. */
  readonly #fields: string[] = [];
  #struct = "";
  #typeError: string | undefined;

  constructor(registry: SchemaRegistry, decoded: Decoded) {
    this.#registry = registry;
    this.#duplicates = new Set(decoded.duplicates);
    this.#decimals = decoded.decimals;
  }

  /** The problems; throws when a value had the wrong type. */
  finish(): string[] {
    if (this.#typeError !== undefined) throw new DecodeError(this.#typeError);
    return this.#problems;
  }

  read(value: JsonValue, schema: Schema): JsonValue {
    const { ref } = schema;
    const outer = this.#struct;
    let plain = schema;
    if (ref !== undefined) {
      plain = this.#registry.find(ref) ?? ANY_SCHEMA;
      if (plain.properties !== undefined && isJsonObject(value)) this.#struct = ref.slice(ref.lastIndexOf(".") + 1);
    }
    const result = this.#readPlain(value, plain, schema);
    this.#struct = outer;
    return result;
  }

  #readPlain(value: JsonValue, schema: Schema, named: Schema): JsonValue {
    if (schema.intOrString === true) return this.#intOrString(value);
    switch (schema.type) {
      case "object":
        if (!isJsonObject(value)) return this.#mismatch(value, named);
        if (schema.properties !== undefined) return this.#fieldsOf(value, schema.properties);
        if (schema.additionalProperties !== undefined) return this.#map(value, schema.additionalProperties);
        return value;
      case "array":
        if (!Array.isArray(value)) return this.#mismatch(value, named);
        return this.#list(value, schema.items ?? ANY_SCHEMA);
      case "string":
        return this.#string(value, schema, named);
      case "integer":
        if (typeof value === "bigint") throw new DecodeError(`number ${value} cannot be kept exactly`);
        return typeof value === "number" ? this.#integer(value, schema) : this.#mismatch(value, named);
      case "number":
        if (typeof value === "bigint") return Number(value);
        return typeof value === "number" ? value : this.#mismatch(value, named);
      case "boolean":
        return typeof value === "boolean" ? value : this.#mismatch(value, named);
      default:
        return value;
    }
  }

  #fieldsOf(value: JsonObject, properties: ReadonlyMap<string, Schema>): JsonValue {
    let result = value;
    for (const key in value) {
      const before = value[key] as JsonValue;
      const schema = properties.get(key);
      if (schema === undefined) {
        this.#problem("unknown", key);
        result = without(result, key, value);
        continue;
      }
      if (this.#duplicates.size > 0 && this.#isDuplicate(key)) this.#problem("duplicate", key);
      if (before === null) {
        result = without(result, key, value);
        continue;
      }
      this.#path.push(key);
      this.#fields.push(key);
      const after = this.read(before, schema);
      this.#fields.pop();
      this.#path.pop();
      if (after !== before) {
        if (result === value) result = { ...value };
        setKey(result, key, after);
      }
    }
    return result;
  }

  #map(value: JsonObject, schema: Schema): JsonValue {
    let result = value;
    for (const key in value) {
      const before = value[key] as JsonValue;
      if (this.#duplicates.size > 0 && this.#isDuplicate(key)) this.#problem("duplicate", key);
      this.#path.push(key);
      const after = before === null ? this.#zero(schema) : this.read(before, schema);
      this.#path.pop();
      if (after !== before) {
        if (result === value) result = { ...value };
        setKey(result, key, after);
      }
    }
    return result;
  }

  #list(value: JsonValue[], schema: Schema): JsonValue {
    let result = value;
    for (let index = 0; index < value.length; index++) {
      const before = value[index] as JsonValue;
      this.#path.push(index);
      const after = before === null ? this.#zero(schema) : this.read(before, schema);
      this.#path.pop();
      if (after !== before) {
        if (result === value) result = [...value];
        result[index] = after;
      }
    }
    return result;
  }

  /** What null means where a field cannot be left out: in lists and maps. */
  #zero(schema: Schema): JsonValue {
    const { type, format, additionalProperties, properties } = this.#registry.resolve(schema);
    if (type === "string" && format === "quantity") return "0";
    if (type === "string" && (format === "date-time" || format === "micro-time")) return null;
    if (type === "string") return "";
    if (type === "integer" || type === "number") return 0;
    if (type === "boolean") return false;
    if (type === "object" && (properties !== undefined || additionalProperties !== undefined)) return {};
    return null;
  }

  #string(value: JsonValue, { format }: Schema, named: Schema): JsonValue {
    if (format === "quantity") return this.#quantity(value);
    if (typeof value !== "string") return this.#mismatch(value, named);
    if (format === "date-time") return normalizeTimestamp(value, "seconds");
    if (format === "micro-time") return normalizeTimestamp(value, "micros");
    if (format === "byte" && !BASE64.test(value)) throw new DecodeError(`illegal base64 data at input byte ${firstBad(value)}`);
    return value;
  }

  #quantity(value: JsonValue): JsonValue {
    const text = typeof value === "number" ? (this.#decimals.get(formatPath(this.#path)) ?? String(value)) : value;
    try {
      return parseQuantity(typeof text === "string" ? text : writeJson(text)).toString();
    } catch (error) {
      throw new DecodeError(messageOf(error), { cause: error });
    }
  }

  #integer(value: number, { format }: Schema): JsonValue {
    const literal = this.#decimals.size > 0 ? this.#decimals.get(formatPath(this.#path)) : undefined;
    const fits = Number.isInteger(value) && (format !== "int32" || (value <= INT32_MAX && value >= -INT32_MAX - 1));
    if (fits && literal === undefined) return value;
    return this.#fail(value, `number ${literal ?? value}`, format ?? "int64");
  }

  #intOrString(value: JsonValue): JsonValue {
    if (typeof value === "string") return value;
    const literal = this.#decimals.size > 0 ? this.#decimals.get(formatPath(this.#path)) : undefined;
    if (typeof value === "number" && literal === undefined && Number.isInteger(value) && Math.abs(value) <= INT32_MAX) return value;
    const shown = typeof value === "number" ? `number ${literal ?? value}` : jsonTypeName(value);
    // Upstream reads these apart from the document, so its message does not know the field.
    throw new DecodeError(`json: cannot unmarshal ${shown} into Go value of type int32`);
  }

  #mismatch(value: JsonValue, named: Schema): JsonValue {
    return this.#fail(value, jsonTypeName(value), this.#goType(named));
  }

  /** Upstream reports the first value of a wrong type and reads on, for other errors count for more. */
  #fail(value: JsonValue, shown: string, goType: string): JsonValue {
    const field = this.#struct === "" ? "value" : `struct field ${this.#struct}.${this.#fields.join(".")}`;
    this.#typeError ??= `json: cannot unmarshal ${shown} into Go ${field} of type ${goType}`;
    return value;
  }

  #goType(schema: Schema): string {
    if (schema.ref !== undefined) {
      const [version = "", name = ""] = schema.ref.split(".").slice(-2);
      const target = this.#registry.find(schema.ref);
      return target?.type === "string" ? "string" : `${version}.${name}`;
    }
    if (schema.type === "array") return `[]${this.#goType(schema.items ?? ANY_SCHEMA)}`;
    if (schema.type === "object") return `map[string]${this.#goType(schema.additionalProperties ?? ANY_SCHEMA)}`;
    if (schema.type === "string") return schema.format === "byte" ? "[]uint8" : "string";
    if (schema.type === "integer") return schema.format ?? "int64";
    if (schema.type === "number") return "float64";
    return schema.type === "boolean" ? "bool" : "interface {}";
  }

  #isDuplicate(key: string): boolean {
    return this.#duplicates.has(formatPath([...this.#path, key]));
  }

  #problem(what: "unknown" | "duplicate", key: string): void {
    if (this.#problems.length < MAX_FIELD_PROBLEMS) this.#problems.push(`${what} field "${formatPath([...this.#path, key])}"`);
  }
}

/** `result` without the key; copies it if it still is the original. */
function without(result: JsonObject, key: string, original: JsonObject): JsonObject {
  const copy = result === original ? { ...original } : result;
  delete copy[key];
  return copy;
}

function firstBad(text: string): number {
  const index = text.search(/[^A-Za-z0-9+/]/);
  return index < 0 ? text.length : index;
}
