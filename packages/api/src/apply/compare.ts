import { isJsonObject, jsonEquals, type JsonObject, type JsonValue } from "../json-value.ts";
import type { Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";
import { asMember, EMPTY_SET, fieldElement, type FieldSet } from "./field-set.ts";
import { fieldSchemaOf, granularityOf, indexItems, itemSchemaOf } from "./typed-value.ts";

/** What an update did to the fields of an object. */
export interface Comparison {
  /** Fields that are new or have another value. */
  readonly changed: FieldSet | undefined;
  /** Fields that are gone; each stands for everything below it. */
  readonly removed: FieldSet | undefined;
}

const SAME: Comparison = Object.freeze({ changed: undefined, removed: undefined });

/**
 * Fields that hold a struct which is there even when it is empty, so that nobody "sets" the struct itself: in upstream's API
 * types these are values, not pointers. All other structs belong to whoever brings them in.
 */
const ALWAYS_THERE: ReadonlySet<string> = new Set(
  (
    "metadata spec status template jobTemplate strategy updateStrategy resources roleRef source involvedObject regarding " +
    "names state lastState nodeInfo daemonEndpoints kubeletEndpoint loadBalancer"
  ).split(" "),
);

/** Fields that belong to the system or name the object; nobody manages them. */
const UNMANAGED_ROOT: ReadonlySet<string> = new Set(["apiVersion", "kind"]);
const UNMANAGED_METADATA: ReadonlySet<string> = new Set(
  "name namespace uid creationTimestamp deletionTimestamp deletionGracePeriodSeconds selfLink generation managedFields resourceVersion".split(
    " ",
  ),
);

/** Whether a field of the object (`parent` absent) or of its metadata is managed. */
function isManaged(name: string, parent: "metadata" | undefined): boolean {
  return parent === "metadata" ? !UNMANAGED_METADATA.has(name) : !UNMANAGED_ROOT.has(name);
}

/** Compares two objects of a kind; parts that are the same JavaScript object cost nothing. */
export function compareObjects(before: JsonObject, after: JsonObject, schema: Schema, registry: SchemaRegistry): Comparison {
  return new Comparer(registry).fields(before, after, registry.resolve(schema), isManagedAtRoot);
}

type FieldFilter = (name: string) => boolean;

const isManagedAtRoot: FieldFilter = (name) => isManaged(name, undefined);
const isManagedInMetadata: FieldFilter = (name) => isManaged(name, "metadata");

class Comparer {
  readonly #registry: SchemaRegistry;

  constructor(registry: SchemaRegistry) {
    this.#registry = registry;
  }

  fields(before: JsonObject, after: JsonObject, schema: Schema, filter?: FieldFilter): Comparison {
    let changed: Record<string, FieldSet> | undefined;
    let removed: Record<string, FieldSet> | undefined;
    for (const name in after) {
      const next = after[name] as JsonValue;
      const last = Object.hasOwn(before, name) ? before[name] : undefined;
      if (last === next || (filter !== undefined && !filter(name))) continue;
      const field = fieldSchemaOf(schema, name, this.#registry);
      const inner = filter === isManagedAtRoot && name === "metadata" ? isManagedInMetadata : undefined;
      const there = last === undefined && (ALWAYS_THERE.has(name) || schema.required?.includes(name) === true);
      const result = this.#value(there && schema.properties?.has(name) === true ? emptyLike(next) : last, next, field, inner);
      if (result.changed !== undefined) (changed ??= {})[fieldElement(name)] = result.changed;
      if (result.removed !== undefined) (removed ??= {})[fieldElement(name)] = result.removed;
    }
    for (const name in before) {
      if (Object.hasOwn(after, name) || (filter !== undefined && !filter(name))) continue;
      (removed ??= {})[fieldElement(name)] = EMPTY_SET;
    }
    return changed === undefined && removed === undefined ? SAME : { changed, removed };
  }

  #value(before: JsonValue | undefined, after: JsonValue, schema: Schema, filter?: FieldFilter): Comparison {
    if (before === after) return SAME;
    if (typeof after !== "object" || after === null) {
      const removed = typeof before === "object" && before !== null ? EMPTY_SET : undefined;
      return { changed: EMPTY_SET, removed };
    }
    const granularity = granularityOf(after, schema);
    if (before === undefined || Array.isArray(before) !== Array.isArray(after) || typeof before !== "object" || before === null) {
      return this.#appeared(after, schema, granularity, filter);
    }
    if (granularity === "leaf") return jsonEquals(before, after) ? SAME : { changed: EMPTY_SET, removed: undefined };
    if (granularity === "items") return this.#items(before as JsonValue[], after as JsonValue[], schema);
    return this.fields(before as JsonObject, after as JsonObject, schema, filter);
  }

  /** A value that was not there: all of its fields are new, and so is the value itself. */
  #appeared(after: JsonObject | JsonValue[], schema: Schema, granularity: string, filter?: FieldFilter): Comparison {
    if (granularity === "leaf") return { changed: EMPTY_SET, removed: undefined };
    const inner = Array.isArray(after) ? this.#items([], after, schema) : this.fields({}, after, schema, filter);
    return { changed: asMember(inner.changed), removed: undefined };
  }

  #items(before: readonly JsonValue[], after: readonly JsonValue[], schema: Schema): Comparison {
    const itemSchema = itemSchemaOf(schema, this.#registry);
    const last = indexItems(before, schema, itemSchema);
    const next = indexItems(after, schema, itemSchema);
    let changed: Record<string, FieldSet> | undefined;
    let removed: Record<string, FieldSet> | undefined;
    for (const [element, items] of next) {
      const known = last.get(element);
      const single = items.length === 1 && known?.length === 1;
      const result = single || known === undefined ? this.#value(known?.[0], items[0] as JsonValue, itemSchema) : sameItems(known, items);
      if (result.changed !== undefined) (changed ??= {})[element] = result.changed;
      if (result.removed !== undefined) (removed ??= {})[element] = result.removed;
    }
    for (const element of last.keys()) if (!next.has(element)) (removed ??= {})[element] = EMPTY_SET;
    return changed === undefined && removed === undefined ? SAME : { changed, removed };
  }
}

function sameItems(before: JsonValue[], after: JsonValue[]): Comparison {
  return jsonEquals(before, after) ? SAME : { changed: EMPTY_SET, removed: undefined };
}

function emptyLike(value: JsonValue): JsonValue | undefined {
  if (Array.isArray(value)) return [];
  return isJsonObject(value) ? {} : undefined;
}

/**
 * The fields that an applied configuration speaks about: its leaves, its list items and its empty objects. Unlike
 * {@link compareObjects}, which sees who brought a struct in, a configuration does not claim the structs on the way.
 */
export function fieldSetOf(object: JsonObject, schema: Schema, registry: SchemaRegistry): FieldSet {
  return configuredFields(object, registry.resolve(schema), registry, isManagedAtRoot) ?? EMPTY_SET;
}

function configuredFields(object: JsonObject, schema: Schema, registry: SchemaRegistry, filter?: FieldFilter): FieldSet | undefined {
  let set: Record<string, FieldSet> | undefined;
  for (const name in object) {
    if (filter !== undefined && !filter(name)) continue;
    const value = object[name] as JsonValue;
    const field = fieldSchemaOf(schema, name, registry);
    const inner = filter === isManagedAtRoot && name === "metadata" ? isManagedInMetadata : undefined;
    const node = configuredValue(value, field, registry, inner);
    // The keys of maps, unlike the fields of structs, exist only because somebody set them.
    const member = schema.properties?.has(name) !== true;
    if (node !== undefined || member) (set ??= {})[fieldElement(name)] = member ? asMember(node) : (node ?? EMPTY_SET);
  }
  return set;
}

function configuredValue(value: JsonValue, schema: Schema, registry: SchemaRegistry, filter?: FieldFilter): FieldSet | undefined {
  const granularity = granularityOf(value, schema);
  if (granularity === "leaf") return EMPTY_SET;
  if (granularity === "fields") {
    const below = configuredFields(value as JsonObject, schema, registry, filter);
    return below === undefined && filter === undefined && Object.keys(value as JsonObject).length === 0 ? EMPTY_SET : below;
  }
  let set: Record<string, FieldSet> | undefined;
  const itemSchema = itemSchemaOf(schema, registry);
  for (const [element, items] of indexItems(value as JsonValue[], schema, itemSchema)) {
    (set ??= {})[element] = asMember(configuredValue(items[0] as JsonValue, itemSchema, registry));
  }
  return set;
}
