import {
  duplicate,
  isJsonObject,
  jsonEquals,
  notSupported,
  required,
  schemaFromOpenApi,
  tooLong,
  tooMany,
  typeInvalid,
  type FieldError,
  type JsonObject,
  type JsonValue,
  type Schema,
  writeJson,
} from "@skiff/api";
import { linearPattern } from "../admission/cel/linear-pattern.ts";
import { checkFormat } from "./formats.ts";

/** No more errors than this are collected: a large object can be wrong in every place. */
const MAX_ERRORS = 100;

/** Everything about a value that does not fit its structural schema, in upstream's words. Rules in CEL are checked elsewhere. */
export function validateBySchema(value: JsonValue, schema: Schema, field = ""): FieldError[] {
  const validator = new SchemaValidator();
  validator.check(value, schema, field);
  return validator.errors;
}

class SchemaValidator {
  readonly errors: FieldError[] = [];

  check(value: JsonValue, schema: Schema, field: string): void {
    if (this.errors.length >= MAX_ERRORS) return;
    if (value === null && schema.nullable === true) return;
    if (!fitsType(value, schema)) {
      const actual = JSON.stringify(typeName(value));
      const wanted = schema.intOrString ? "integer,string" : (schema.type ?? "");
      this.errors.push(typeInvalid(field, typeName(value), `${field} in body must be of type ${wanted}: ${actual}`));
      return;
    }
    if (schema.enum !== undefined && !schema.enum.some((each) => jsonEquals(each, value))) {
      this.errors.push(notSupported(field, value, schema.enum.map(String)));
    }
    this.#checkKeywords(value, schema, field);
    if (Array.isArray(value)) this.#checkList(value, schema, field);
    else if (isJsonObject(value)) this.#checkObject(value, schema, field);
  }

  #checkKeywords(value: JsonValue, schema: Schema, field: string): void {
    const keywords = schema.keywords ?? {};
    if (typeof value === "string") this.#checkText(value, schema, keywords, field);
    else if (typeof value === "number" || typeof value === "bigint") this.#checkNumber(value, keywords, field);
    this.#checkCombinations(value, keywords, field);
  }

  #checkText(value: string, schema: Schema, keywords: Readonly<Record<string, unknown>>, field: string): void {
    const { minLength, maxLength, pattern } = keywords;
    const { length } = Array.from(value);
    if (typeof minLength === "number" && length < minLength) this.#wrong(field, value, `should be at least ${minLength} chars long`);
    if (typeof maxLength === "number" && length > maxLength) this.errors.push(tooLong(field, maxLength));
    if (typeof pattern === "string" && !linearPattern(pattern).matcher(value).find())
      this.#wrong(field, value, `should match '${pattern}'`);
    const { format } = schema;
    if (format !== undefined && !checkFormat(format, value))
      this.#wrong(field, value, `must be of type ${format}: ${JSON.stringify(value)}`);
  }

  #checkNumber(value: number | bigint, keywords: Readonly<Record<string, unknown>>, field: string): void {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = keywords;
    if (typeof minimum === "number" && (value < minimum || (exclusiveMinimum === true && value <= minimum))) {
      this.#wrong(field, value, `should be greater than ${exclusiveMinimum === true ? "" : "or equal to "}${minimum}`);
    }
    if (typeof maximum === "number" && (value > maximum || (exclusiveMaximum === true && value >= maximum))) {
      this.#wrong(field, value, `should be less than ${exclusiveMaximum === true ? "" : "or equal to "}${maximum}`);
    }
    if (typeof multipleOf !== "number" || multipleOf === 0) return;
    if (!isMultiple(value, multipleOf)) this.#wrong(field, value, `should be a multiple of ${multipleOf}`);
  }

  #checkCombinations(value: JsonValue, keywords: Readonly<Record<string, unknown>>, field: string): void {
    const { allOf, anyOf, oneOf, not } = keywords;
    const fits = (schema: JsonValue): boolean => validateBySchema(value, subschema(schema), field).length === 0;
    const shown = JSON.stringify(field === "" ? "<nil>" : field);
    if (Array.isArray(allOf)) for (const each of allOf as JsonValue[]) this.check(value, subschema(each), field);
    if (Array.isArray(anyOf) && !(anyOf as JsonValue[]).some(fits))
      this.#invalid(field, value, `${shown} must validate at least one schema (anyOf)`);
    if (Array.isArray(oneOf)) {
      const count = (oneOf as JsonValue[]).filter(fits).length;
      if (count !== 1)
        this.#invalid(field, value, `${shown} must validate one and only one schema (oneOf). Found ${count === 0 ? "none" : count} valid`);
    }
    if (isJsonObject(not) && fits(not)) this.#invalid(field, value, `${shown} must not validate the schema (not)`);
  }

  #checkList(value: readonly JsonValue[], schema: Schema, field: string): void {
    const { minItems, maxItems, uniqueItems } = schema.keywords ?? {};
    if (typeof minItems === "number" && value.length < minItems) this.#wrong(field, value.length, `should have at least ${minItems} items`);
    if (typeof maxItems === "number" && value.length > maxItems) this.errors.push(tooMany(field, value.length, maxItems));
    if (uniqueItems === true || schema.listType === "set") this.#checkUnique(value, (item) => item, field);
    if (schema.listType === "map") {
      const keys = schema.listMapKeys ?? [];
      const defaults = schema.items?.properties;
      this.#checkUnique(value, (item) => Object.fromEntries(keys.map((key) => [key, keyOf(item, key, defaults)])), field);
    }
    if (schema.items !== undefined) for (const [index, item] of value.entries()) this.check(item, schema.items, `${field}[${index}]`);
  }

  #checkUnique(value: readonly JsonValue[], identity: (item: JsonValue) => unknown, field: string): void {
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      const id = identity(item);
      const text = writeJson(id);
      if (seen.has(text)) this.errors.push(duplicate(`${field}[${index}]`, id));
      seen.add(text);
    }
  }

  #checkObject(value: JsonObject, schema: Schema, field: string): void {
    const { minProperties, maxProperties } = schema.keywords ?? {};
    const names = Object.keys(value);
    if (typeof minProperties === "number" && names.length < minProperties)
      this.#wrong(field, names.length, `should have at least ${minProperties} properties`);
    if (typeof maxProperties === "number" && names.length > maxProperties) this.errors.push(tooMany(field, names.length, maxProperties));
    for (const name of schema.required ?? []) if (!Object.hasOwn(value, name)) this.errors.push(required(join(field, name)));
    for (const name of names) {
      const property = schema.properties?.get(name);
      if (property !== undefined) this.check(value[name] as JsonValue, property, join(field, name));
      else if (field === "" && name === "metadata") continue;
      else if (schema.additionalProperties !== undefined)
        this.check(value[name] as JsonValue, schema.additionalProperties, join(field, name));
    }
  }

  #wrong(field: string, value: JsonValue, what: string): void {
    this.#invalid(field, value, `${field} in body ${what}`);
  }

  #invalid(field: string, value: JsonValue, detail: string): void {
    this.errors.push({
      type: "FieldValueInvalid",
      field: field === "" ? "<nil>" : field,
      message: `Invalid value: ${writeJson(value)}: ${detail}`,
    });
  }
}

function isMultiple(value: number | bigint, of: number): boolean {
  if (typeof value === "bigint" && Number.isSafeInteger(of)) return value % BigInt(of) === 0n;
  const ratio = Number(value) / of;
  return Math.abs(ratio - Math.round(ratio)) <= 1e-9;
}

const subschemas = new WeakMap<JsonObject, Schema>();

/** The schemas of combinations stay as they were written; each is read once. */
function subschema(props: JsonValue): Schema {
  if (!isJsonObject(props)) return {};
  let schema = subschemas.get(props);
  if (schema === undefined) subschemas.set(props, (schema = schemaFromOpenApi(props)));
  return schema;
}

function join(field: string, name: string): string {
  return field === "" ? name : `${field}.${name}`;
}

function keyOf(item: JsonValue, key: string, properties: Schema["properties"]): unknown {
  return isJsonObject(item) && Object.hasOwn(item, key) ? item[key] : (properties?.get(key)?.default ?? null);
}

function typeName(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "bigint") return "integer";
  return typeof value === "number" ? (Number.isInteger(value) ? "integer" : "number") : typeof value;
}

function fitsType(value: JsonValue, schema: Schema): boolean {
  if (schema.intOrString) return typeof value === "string" || typeof value === "bigint" || Number.isInteger(value);
  if (schema.type === undefined) return true;
  const name = typeName(value);
  return name === schema.type || (schema.type === "number" && name === "integer");
}
