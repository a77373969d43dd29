import { SCHEMAS } from "../generated/schemas.ts";
import { removedSchema } from "./removed-schemas.ts";
import { SchemaRegistry } from "./schema-registry.ts";
import type { Schema } from "./schema.ts";

/** A schema as generated: properties as a plain object, in order. */
type StoredSchema = Omit<Schema, "properties" | "items" | "additionalProperties"> & {
  readonly properties?: Readonly<Record<string, StoredSchema>>;
  readonly items?: StoredSchema;
  readonly additionalProperties?: StoredSchema;
};

const parsed = new Map<string, Schema>();

/**
 * A new registry with the schemas of all built-in kinds. The built-in schemas are shared by all registries of the process
 * and parsed one by one when they are first asked for, so that making a registry costs next to nothing. It also finds the
 * schemas of versions that upstream has removed, but does not list their names.
 */
export function builtInSchemas(): SchemaRegistry {
  return new SchemaRegistry(builtInSchema, Object.keys(SCHEMAS));
}

function builtInSchema(name: string): Schema | undefined {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const text = Object.hasOwn(SCHEMAS, name) ? SCHEMAS[name] : undefined;
  const schema = text === undefined ? removedSchema(name, builtInSchema) : revive(JSON.parse(text) as StoredSchema);
  if (schema === undefined) return undefined;
  parsed.set(name, schema);
  return schema;
}

function revive(stored: StoredSchema): Schema {
  const { properties, items, additionalProperties, ...rest } = stored;
  const schema: { -readonly [K in keyof Schema]: Schema[K] } = rest;
  if (properties !== undefined) schema.properties = new Map(Object.entries(properties).map(([name, field]) => [name, revive(field)]));
  if (items !== undefined) schema.items = revive(items);
  if (additionalProperties !== undefined) schema.additionalProperties = revive(additionalProperties);
  return schema;
}
