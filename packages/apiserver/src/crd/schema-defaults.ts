import { cloneJson, isJsonObject, setKey, type JsonObject, type JsonValue, type Schema } from "@skiff/api";

/** Fills in, in place, what a structural schema has defaults for; a null where none may be counts as left out. */
export function applySchemaDefaults(value: JsonValue, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) applySchemaDefaults(item, schema.items);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [name, property] of schema.properties ?? []) defaultField(value, name, property);
  if (schema.additionalProperties === undefined) return;
  for (const name of Object.keys(value)) {
    if (!schema.properties?.has(name)) applySchemaDefaults(value[name] as JsonValue, schema.additionalProperties);
  }
}

function defaultField(object: JsonObject, name: string, schema: Schema): void {
  const isNull = Object.hasOwn(object, name) && object[name] === null && schema.nullable !== true;
  if (schema.default !== undefined && (isNull || !Object.hasOwn(object, name)))
    setKey(object, name, cloneJson(schema.default as JsonValue));
  if (Object.hasOwn(object, name)) applySchemaDefaults(object[name] as JsonValue, schema);
}
