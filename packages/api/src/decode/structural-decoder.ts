import { isJsonObject, setKey, type JsonObject, type JsonValue } from "../json-value.ts";
import type { Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";
import type { Decoded } from "./decoded.ts";
import { formatPath } from "./json-parser.ts";
import { MAX_FIELD_PROBLEMS, readTyped, type TypedValue } from "./typed-decoder.ts";

const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/**
 * Reads a custom resource by its structural schema: drops and reports fields that the schema does not have. Types are left
 * to validation, as upstream does, except in `metadata`, which is read as the built-in type it is (throws `DecodeError`). The
 * input is not changed.
 */
export function readStructural(decoded: Decoded, schema: Schema, registry: SchemaRegistry): TypedValue {
  const unknown: string[] = [];
  const pruner = new StructuralPruner(registry, unknown);
  const value = pruner.embedded(decoded.value, schema);
  const problems = [...decoded.duplicates.map((path) => `duplicate field "${path}"`), ...unknown.sort()];
  return { value, problems: problems.slice(0, MAX_FIELD_PROBLEMS) };
}

class StructuralPruner {
  readonly #registry: SchemaRegistry;
  readonly #unknown: string[];
  readonly #path: (string | number)[] = [];

  constructor(registry: SchemaRegistry, unknown: string[]) {
    this.#registry = registry;
    this.#unknown = unknown;
  }

  /** A whole object: `apiVersion` and `kind` belong to it whatever the schema says, and `metadata` has its own schema. */
  embedded(value: JsonValue, schema: Schema): JsonValue {
    if (!isJsonObject(value)) return value;
    const pruned = this.#object(value, schema, true);
    const metadata = Object.hasOwn(pruned, "metadata") ? pruned["metadata"] : undefined;
    if (!isJsonObject(metadata)) return pruned;
    const read = readTyped({ value: metadata, duplicates: [], decimals: new Map() }, OBJECT_META, this.#registry);
    const prefix = formatPath([...this.#path, "metadata"]);
    for (const problem of read.problems) this.#unknown.push(problem.replace('"', `"${prefix}.`));
    return read.value === metadata ? pruned : { ...pruned, metadata: read.value };
  }

  #value(value: JsonValue, given: Schema): JsonValue {
    if (typeof value !== "object" || value === null) return value;
    const schema = this.#registry.resolve(given);
    if (Array.isArray(value)) return this.#list(value, schema);
    return schema.embeddedResource === true ? this.embedded(value, schema) : this.#object(value, schema, false);
  }

  #list(value: JsonValue[], schema: Schema): JsonValue {
    const { items } = schema;
    if (items === undefined) return value;
    let result = value;
    value.forEach((before, index) => {
      this.#path.push(index);
      const after = this.#value(before, items);
      this.#path.pop();
      if (after === before) return;
      if (result === value) result = [...value];
      result[index] = after;
    });
    return result;
  }

  #object(value: JsonObject, schema: Schema, whole: boolean): JsonObject {
    let result = value;
    for (const key of Object.keys(value)) {
      if (whole && (key === "apiVersion" || key === "kind" || key === "metadata")) continue;
      const before = value[key] as JsonValue;
      const field = schema.properties?.get(key) ?? schema.additionalProperties;
      if (field === undefined) {
        if (schema.preserveUnknownFields === true || schema.type === undefined) continue;
        this.#unknown.push(`unknown field "${formatPath([...this.#path, key])}"`);
        if (result === value) result = { ...value };
        delete result[key];
        continue;
      }
      this.#path.push(key);
      const after = this.#value(before, field);
      this.#path.pop();
      if (after === before) continue;
      if (result === value) result = { ...value };
      setKey(result, key, after);
    }
    return result;
  }
}
