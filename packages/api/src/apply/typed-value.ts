import { writeJson } from "../exact-json.ts";
import { getKey, isJsonObject, type JsonObject, type JsonValue } from "../json-value.ts";
import { ANY_SCHEMA, type Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";

/** How server-side apply looks at a value: as one thing, field by field, or item by item. */
type Granularity = "leaf" | "fields" | "items";

/** How a value of this schema merges. Where the schema says nothing, objects merge by field and lists are one thing. */
export function granularityOf(value: JsonValue, schema: Schema): Granularity {
  if (Array.isArray(value)) return schema.listType === "map" || schema.listType === "set" ? "items" : "leaf";
  return isJsonObject(value) && schema.mapType !== "atomic" ? "fields" : "leaf";
}

/** The schema of a field of an object. */
export function fieldSchemaOf(schema: Schema, name: string, registry: SchemaRegistry): Schema {
  const field = schema.properties?.get(name) ?? schema.additionalProperties;
  return field === undefined ? ANY_SCHEMA : registry.resolve(field);
}

/** The schema of a list's items. */
export function itemSchemaOf(schema: Schema, registry: SchemaRegistry): Schema {
  return schema.items === undefined ? ANY_SCHEMA : registry.resolve(schema.items);
}

/** How the sets name an item of a list: `k:{"name":"a"}` or `v:"x"`. Undefined when the item has none of its keys. */
export function itemElement(item: JsonValue, list: Schema, items: Schema): string | undefined {
  if (list.listType === "set") return `v:${writeJson(item)}`;
  if (!isJsonObject(item)) return undefined;
  const names = list.listMapKeys ?? [];
  const [only] = names;
  if (names.length === 1 && only !== undefined) {
    const value = keyValue(item, only, items);
    return value === undefined ? undefined : `k:{${writeJson(only)}:${writeJson(value)}}`;
  }
  const key: JsonObject = {};
  for (const name of [...names].sort()) {
    const value = keyValue(item, name, items);
    if (value !== undefined) key[name] = value;
  }
  return Object.keys(key).length === 0 ? undefined : `k:${writeJson(key)}`;
}

function keyValue(item: JsonObject, name: string, items: Schema): JsonValue | undefined {
  return getKey(item, name) ?? (items.properties?.get(name)?.default as JsonValue | undefined);
}

/** The items of a list by their element; items that share one stand together, which only sloppy live objects have. */
export function indexItems(list: readonly JsonValue[], schema: Schema, items: Schema): Map<string, JsonValue[]> {
  const index = new Map<string, JsonValue[]>();
  for (const item of list) {
    const element = itemElement(item, schema, items) ?? `v:${writeJson(item)}`;
    const known = index.get(element);
    if (known === undefined) index.set(element, [item]);
    else known.push(item);
  }
  return index;
}
