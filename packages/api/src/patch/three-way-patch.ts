import { writeJson } from "../exact-json.ts";
import { getKey, isJsonObject, jsonEquals, setKey, type JsonObject, type JsonValue } from "../json-value.ts";
import { ANY_SCHEMA, type Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";
import { PATCH_DIRECTIVES } from "./strategic-merge-patch.ts";

/** The states that a three-way patch is made of. */
export interface ThreeWayStates {
  /** The last applied state; `{}` when there is none. */
  readonly original: JsonObject;
  /** What is wanted. */
  readonly modified: JsonObject;
  /** What the server has. */
  readonly current: JsonObject;
  readonly schema: Schema;
  readonly registry: SchemaRegistry;
}

/**
 * The strategic merge patch of `kubectl apply`: makes `current` agree with `modified`, takes away what `original` had and
 * `modified` has no longer, and leaves what others set alone. `{}` when there is nothing to do.
 */
export function createThreeWayPatch({ original, modified, current, schema, registry }: ThreeWayStates): JsonObject {
  return new ThreeWayDiff(registry).object(original, modified, current, registry.resolve(schema));
}

class ThreeWayDiff {
  readonly #registry: SchemaRegistry;

  constructor(registry: SchemaRegistry) {
    this.#registry = registry;
  }

  object(original: JsonObject, modified: JsonObject, current: JsonObject, schema: Schema): JsonObject {
    const patch: JsonObject = {};
    for (const [key, wanted] of Object.entries(modified)) {
      const field = this.#registry.resolve(schema.properties?.get(key) ?? schema.additionalProperties ?? ANY_SCHEMA);
      this.#field(patch, key, getKey(original, key), wanted, getKey(current, key), field);
    }
    for (const key of Object.keys(original)) {
      if (!Object.hasOwn(modified, key) && Object.hasOwn(current, key)) setKey(patch, key, null);
    }
    return patch;
  }

  #field(
    patch: JsonObject,
    key: string,
    before: JsonValue | undefined,
    wanted: JsonValue,
    now: JsonValue | undefined,
    schema: Schema,
  ): void {
    const strategy = schema.patchStrategy ?? [];
    if (isJsonObject(wanted) && isJsonObject(now) && !strategy.includes("replace")) {
      const inner = this.object(isJsonObject(before) ? before : {}, wanted, now, schema);
      if (Object.keys(inner).length === 0) return;
      if (strategy.includes("retainKeys")) inner[PATCH_DIRECTIVES.retainKeys] = Object.keys(wanted).sort();
      setKey(patch, key, inner);
    } else if (Array.isArray(wanted) && Array.isArray(now) && strategy.includes("merge")) {
      const last = Array.isArray(before) ? before : [];
      if (schema.patchMergeKey === undefined) scalars(patch, key, last, wanted, now);
      else this.#items(patch, key, last, wanted, now, schema);
    } else if (!jsonEquals(wanted, now) && !(wanted === null && now === undefined)) setKey(patch, key, wanted);
  }

  #items(patch: JsonObject, field: string, before: JsonValue[], wanted: JsonValue[], now: JsonValue[], schema: Schema): void {
    const mergeKey = schema.patchMergeKey ?? "";
    const lastItems = byKey(before, mergeKey);
    const wantedItems = byKey(wanted, mergeKey);
    const nowItems = byKey(now, mergeKey);
    if (lastItems === undefined || wantedItems === undefined || nowItems === undefined) {
      // Items without a key of their own (such as a Service's port 53 for TCP and for UDP) cannot be told apart, so the
      // patch replaces the whole list.
      if (!jsonEquals(wanted, now)) setKey(patch, field, [{ [PATCH_DIRECTIVES.patch]: "replace" }, ...wanted]);
      return;
    }
    const itemSchema = this.#registry.resolve(schema.items ?? ANY_SCHEMA);
    const retainKeys = schema.patchStrategy?.includes("retainKeys") === true;
    const changes: JsonValue[] = [];
    for (const [key, item] of wantedItems) {
      const live = nowItems.get(key);
      if (live === undefined) {
        changes.push(item);
        continue;
      }
      const inner = this.object(lastItems.get(key) ?? {}, item, live, itemSchema);
      if (Object.keys(inner).length === 0) continue;
      if (retainKeys) inner[PATCH_DIRECTIVES.retainKeys] = Object.keys(item).sort();
      changes.push({ ...inner, [mergeKey]: item[mergeKey] as JsonValue });
    }
    for (const [key, item] of lastItems) {
      if (wantedItems.has(key) || !nowItems.has(key)) continue;
      changes.push({ [PATCH_DIRECTIVES.patch]: "delete", [mergeKey]: item[mergeKey] as JsonValue });
    }
    const reordered = !jsonEquals(
      [...nowItems.keys()].filter((key) => wantedItems.has(key)),
      [...wantedItems.keys()].filter((key) => nowItems.has(key)),
    );
    if (changes.length === 0 && !reordered) return;
    if (changes.length > 0) setKey(patch, field, changes);
    const order = [...wantedItems.values()].map((item): JsonValue => ({ [mergeKey]: item[mergeKey] as JsonValue }));
    setKey(patch, PATCH_DIRECTIVES.setElementOrder + field, order);
  }
}

function scalars(patch: JsonObject, field: string, before: JsonValue[], wanted: JsonValue[], now: JsonValue[]): void {
  const added = wanted.filter((value) => !now.includes(value));
  const removed = before.filter((value) => !wanted.includes(value) && now.includes(value));
  const shared = (list: JsonValue[], other: JsonValue[]): JsonValue[] => list.filter((value) => other.includes(value));
  const reordered = !jsonEquals(shared(now, wanted), shared(wanted, now));
  if (added.length === 0 && removed.length === 0 && !reordered) return;
  if (added.length > 0) setKey(patch, field, added);
  if (removed.length > 0) setKey(patch, PATCH_DIRECTIVES.deleteFromPrimitiveList + field, removed);
  setKey(patch, PATCH_DIRECTIVES.setElementOrder + field, wanted);
}

/** The items by their merge key; undefined when one has none, or two have the same. */
function byKey(items: JsonValue[], mergeKey: string): Map<string, JsonObject> | undefined {
  const found = new Map<string, JsonObject>();
  for (const item of items) {
    const key = isJsonObject(item) ? getKey(item, mergeKey) : undefined;
    if (!isJsonObject(item) || key === undefined || found.has(writeJson(key))) return undefined;
    found.set(writeJson(key), item);
  }
  return found;
}
