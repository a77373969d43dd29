import { writeJson } from "../exact-json.ts";
import { getKey, isJsonObject, jsonEquals, setKey, type JsonObject, type JsonValue } from "../json-value.ts";
import { ANY_SCHEMA, type Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";
import { badRequest } from "../status.ts";
import { orderItems } from "./list-order.ts";
import { patchDoesNotApply } from "./patch-error.ts";

/** The directives that a strategic merge patch can hold beside fields. */
export const PATCH_DIRECTIVES = {
  /** In an object: `replace`, `merge` or `delete`. */
  patch: "$patch",
  /** The only fields that may stay in an object. */
  retainKeys: "$retainKeys",
  /** The order of a list: `$setElementOrder/containers`. */
  setElementOrder: "$setElementOrder/",
  /** Values to take out of a list of scalars: `$deleteFromPrimitiveList/finalizers`. */
  deleteFromPrimitiveList: "$deleteFromPrimitiveList/",
} as const;

/**
 * Applies a strategic merge patch: as a merge patch, but lists that have a merge key in the schema merge item by item. Returns
 * the new document, which shares its unchanged parts with the input; the input is not changed. Throws `StatusError`: 400 for
 * directives of a wrong form, 422 for those that are unknown or name nothing.
 */
export function applyStrategicMergePatch(document: JsonValue, patch: JsonValue, schema: Schema, registry: SchemaRegistry): JsonValue {
  if (!isJsonObject(patch)) throw badRequest("unable to unmarshal the patch: a strategic merge patch must be an object");
  return new StrategicMerger(registry).object(isJsonObject(document) ? document : {}, patch, registry.resolve(schema));
}

class StrategicMerger {
  readonly #registry: SchemaRegistry;

  constructor(registry: SchemaRegistry) {
    this.#registry = registry;
  }

  object(original: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
    const directive = getKey(patch, PATCH_DIRECTIVES.patch);
    if (directive === "replace") return withoutDirectives(omit(patch, PATCH_DIRECTIVES.patch)) as JsonObject;
    if (directive === "delete") return {};
    if (directive !== undefined && directive !== "merge") throw unknownDirective(directive);

    const result = retained(original, patch);
    for (const [key, value] of Object.entries(patch)) {
      if (key === PATCH_DIRECTIVES.patch || key === PATCH_DIRECTIVES.retainKeys) continue;
      const field = directiveField(key);
      if (field !== undefined && Object.hasOwn(patch, field)) continue;
      const target = field ?? key;
      if (value === null) {
        delete result[target];
        continue;
      }
      const next = this.#field(getKey(result, target), target, patch, schema);
      if (next !== undefined) setKey(result, target, next);
    }
    return result;
  }

  /** The new value of a field that the patch, or a directive in it, speaks about. */
  #field(original: JsonValue | undefined, key: string, patch: JsonObject, parent: Schema): JsonValue | undefined {
    const schema = this.#registry.resolve(parent.properties?.get(key) ?? parent.additionalProperties ?? ANY_SCHEMA);
    const value = getKey(patch, key);
    const order = listDirective(patch, PATCH_DIRECTIVES.setElementOrder, key);
    const deletions = listDirective(patch, PATCH_DIRECTIVES.deleteFromPrimitiveList, key);
    if (value !== undefined && !Array.isArray(value)) {
      const merges = isJsonObject(value) && schema.patchStrategy?.includes("replace") !== true;
      if (!merges) return withoutDirectives(value);
      return isJsonObject(original) ? this.object(original, value, schema) : withoutDirectives(value);
    }
    if (schema.patchStrategy?.includes("merge") !== true) return value === undefined ? original : withoutDirectives(value);
    if (!Array.isArray(original) && value === undefined) return undefined;
    const live = Array.isArray(original) ? original : [];
    return schema.patchMergeKey === undefined
      ? mergeScalars(live, value ?? [], order, deletions)
      : this.#mergeItems(live, value ?? [], order, schema);
  }

  #mergeItems(live: JsonValue[], patch: JsonValue[], order: JsonValue[] | undefined, schema: Schema): JsonValue[] {
    const mergeKey = schema.patchMergeKey ?? "";
    const keyOf = (item: JsonValue): string => itemKey(item, mergeKey);
    const replaces = patch.some((item) => isJsonObject(item) && getKey(item, PATCH_DIRECTIVES.patch) === "replace");
    if (replaces) {
      const items = patch.filter((item) => isJsonObject(item) && getKey(item, PATCH_DIRECTIVES.patch) === undefined);
      return withoutDirectives(items) as JsonValue[];
    }
    // Lists of 10^5 items must not take quadratic time, hence an index instead of searches.
    const positions = new Map<string, number>();
    const result: (JsonValue | undefined)[] = [...live];
    live.forEach((item, index) => {
      const key = isJsonObject(item) ? getKey(item, mergeKey) : undefined;
      if (key !== undefined && !positions.has(writeJson(key))) positions.set(writeJson(key), index);
    });
    const itemSchema = this.#registry.resolve(schema.items ?? ANY_SCHEMA);
    const kept: string[] = [];
    for (const item of patch) {
      const key = keyOf(item);
      const directive = getKey(item as JsonObject, PATCH_DIRECTIVES.patch);
      const position = positions.get(key);
      if (directive === "delete") {
        if (position !== undefined) result[position] = undefined;
        positions.delete(key);
        continue;
      }
      if (directive !== undefined && directive !== "merge") throw unknownDirective(directive);
      kept.push(key);
      const before = position === undefined ? undefined : result[position];
      if (position !== undefined && isJsonObject(before)) result[position] = this.object(before, item as JsonObject, itemSchema);
      else {
        positions.set(key, result.length);
        result.push(withoutDirectives(omit(item as JsonObject, PATCH_DIRECTIVES.patch)));
      }
    }
    const items = result.filter((item) => item !== undefined);
    const wanted = order?.map(keyOf) ?? kept;
    if (order !== undefined) assertSameOrder(kept, wanted);
    const orderedKey = (item: JsonValue): string => (isJsonObject(item) && Object.hasOwn(item, mergeKey) ? keyOf(item) : "");
    return orderItems(items, wanted, live.map(orderedKey), orderedKey);
  }
}

function mergeScalars(
  live: JsonValue[],
  patch: JsonValue[],
  order: JsonValue[] | undefined,
  deletions: JsonValue[] | undefined,
): JsonValue[] {
  for (const value of [...patch, ...(order ?? []), ...(deletions ?? [])]) {
    if (typeof value === "object") throw badRequest("invalid patch format of primitive list");
  }
  const gone = new Set(deletions);
  const added = patch.filter((value) => !live.includes(value) || gone.has(value));
  const items = [...new Set([...live.filter((value) => !gone.has(value)), ...added])];
  const keyOf = (value: JsonValue): string => writeJson(value);
  const wanted = (order ?? patch).map(keyOf);
  if (order !== undefined) assertSameOrder(patch.map(keyOf), wanted);
  return orderItems(items, wanted, live.map(keyOf), keyOf);
}

/** `$setElementOrder` must name every item of the patch's list, in the same order. */
function assertSameOrder(items: readonly string[], wanted: readonly string[]): void {
  const ranks = new Map(wanted.map((key, index) => [key, index]));
  let last = -1;
  for (const key of items) {
    const rank = ranks.get(key) ?? -1;
    if (rank < 0 || rank < last) throw badRequest("The order in patch list doesn't match the $setElementOrder list");
    last = rank;
  }
}

/** The original without what `$retainKeys` does not name; a copy. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = getKey(patch, PATCH_DIRECTIVES.retainKeys);
  if (keys === undefined) return { ...original };
  const names = new Set(Array.isArray(keys) ? keys : []);
  const unnamed = Object.entries(patch).some(([key, value]) => !key.startsWith("$") && value !== null && !names.has(key));
  if (!Array.isArray(keys) || unnamed) throw badRequest("invalid patch format of retainKeys");
  return Object.fromEntries(Object.entries(original).filter(([key]) => names.has(key)));
}

function listDirective(patch: JsonObject, prefix: string, key: string): JsonValue[] | undefined {
  const list = getKey(patch, prefix + key);
  if (list === undefined || Array.isArray(list)) return list;
  throw badRequest(`invalid patch format: ${prefix}${key} must be a list`);
}

/** The field that a list directive is about. */
function directiveField(key: string): string | undefined {
  if (!key.startsWith("$")) return undefined;
  for (const prefix of [PATCH_DIRECTIVES.setElementOrder, PATCH_DIRECTIVES.deleteFromPrimitiveList]) {
    if (key.startsWith(prefix)) return key.slice(prefix.length);
  }
  return undefined;
}

function itemKey(item: JsonValue, mergeKey: string): string {
  const key = isJsonObject(item) ? getKey(item, mergeKey) : undefined;
  if (key === undefined) throw badRequest(`map: ${writeJson(item)} does not contain declared merge key: ${mergeKey}`);
  return writeJson(key);
}

function unknownDirective(directive: JsonValue): Error {
  return patchDoesNotApply(`unknown patch type '${typeof directive === "string" ? directive : writeJson(directive)}' found in map`);
}

function omit(object: JsonObject, key: string): JsonObject {
  if (!Object.hasOwn(object, key)) return object;
  const copy = { ...object };
  delete copy[key];
  return copy;
}

/** What is new in the document: directives have nothing to act on, and nulls nothing to delete. */
function withoutDirectives(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.filter((item) => !(isJsonObject(item) && isDeletion(item)));
    return items.map((item) => withoutDirectives(item));
  }
  const result: JsonObject = {};
  for (const [key, field] of Object.entries(value)) {
    if (key === PATCH_DIRECTIVES.patch || key === PATCH_DIRECTIVES.retainKeys || directiveField(key) !== undefined) continue;
    if (field !== null) setKey(result, key, withoutDirectives(field));
  }
  return jsonEquals(result, value) ? value : result;
}

function isDeletion(item: JsonObject): boolean {
  const directive = getKey(item, PATCH_DIRECTIVES.patch);
  return directive === "delete" || (directive === "replace" && Object.keys(item).length === 1);
}
