import { writeJson } from "../exact-json.ts";
import { isJsonObject, jsonEquals, setKey, type JsonObject, type JsonValue } from "../json-value.ts";
import type { Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";
import { mergeOrder } from "./merge-order.ts";
import { fieldElement, isMember, showPath, type FieldSet } from "./field-set.ts";
import { fieldSchemaOf, granularityOf, itemElement, itemSchemaOf } from "./typed-value.ts";

/** A configuration that cannot be applied, such as a list that names an item twice. The message says where. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/**
 * Puts an applied configuration over the live object. Shares unchanged parts with the inputs, which are not changed; returns
 * `live` itself when nothing changes. Throws {@link ConfigurationError}.
 */
export function mergeConfiguration(live: JsonObject, config: JsonObject, schema: Schema, registry: SchemaRegistry): JsonObject {
  return new Merger(registry).fields(live, config, registry.resolve(schema));
}

class Merger {
  readonly #registry: SchemaRegistry;
  readonly #path: string[] = [];

  constructor(registry: SchemaRegistry) {
    this.#registry = registry;
  }

  fields(live: JsonObject, config: JsonObject, schema: Schema): JsonObject {
    let result = live;
    for (const name of Object.keys(config)) {
      const before = Object.hasOwn(live, name) ? live[name] : undefined;
      this.#path.push(fieldElement(name));
      const after = this.#value(before, config[name] as JsonValue, fieldSchemaOf(schema, name, this.#registry));
      this.#path.pop();
      if (after === before) continue;
      if (result === live) result = { ...live };
      setKey(result, name, after);
    }
    return result;
  }

  #value(live: JsonValue | undefined, config: JsonValue, schema: Schema): JsonValue {
    const granularity = granularityOf(config, schema);
    if (granularity === "fields") return this.fields(isJsonObject(live) ? live : {}, config as JsonObject, schema);
    if (granularity === "items") return this.#items(Array.isArray(live) ? live : undefined, config as JsonValue[], schema);
    return live !== undefined && jsonEquals(live, config) ? live : config;
  }

  #items(live: JsonValue[] | undefined, config: JsonValue[], schema: Schema): JsonValue {
    const itemSchema = itemSchemaOf(schema, this.#registry);
    const elementOf = (item: JsonValue): string => itemElement(item, schema, itemSchema) ?? `v:${writeJson(item)}`;
    const liveItems = live ?? [];
    const positions = new Map<string, number>();
    liveItems.forEach((item, index) => {
      const element = elementOf(item);
      if (!positions.has(element)) positions.set(element, index);
    });
    const seen = new Set<string>();
    const merged = config.map((item) => {
      const element = itemElement(item, schema, itemSchema);
      if (element === undefined) throw this.#broken(`associative list with keys has an element that omits all key fields`);
      if (seen.has(element)) throw this.#broken(`duplicate entries for key ${showPath([element])}`);
      seen.add(element);
      const position = positions.get(element);
      this.#path.push(element);
      const value = this.#value(position === undefined ? undefined : liveItems[position], item, itemSchema);
      this.#path.pop();
      return value;
    });
    const ordered = mergeOrder(liveItems.map(elementOf), [...seen]).map(
      ({ from, index }) => (from === "live" ? liveItems : merged)[index] as JsonValue,
    );
    const same = live !== undefined && live.length === ordered.length && ordered.every((item, index) => item === live[index]);
    return same ? live : ordered;
  }

  #broken(what: string): ConfigurationError {
    return new ConfigurationError(`${showPath(this.#path)}: ${what}`);
  }
}

/**
 * Takes out of an object what the manager applied before and nobody owns now. `last` is what it applied before, `owners` what
 * every manager owns now, this one included. Objects that become empty by this go, too.
 */
export function removeUnowned(
  object: JsonObject,
  last: FieldSet,
  owners: readonly FieldSet[],
  schema: Schema,
  registry: SchemaRegistry,
): JsonObject {
  return new Remover(registry).fields(object, last, owners, registry.resolve(schema));
}

class Remover {
  readonly #registry: SchemaRegistry;

  constructor(registry: SchemaRegistry) {
    this.#registry = registry;
  }

  fields(object: JsonObject, last: FieldSet, owners: readonly FieldSet[], schema: Schema): JsonObject {
    let result = object;
    for (const element in last) {
      if (!element.startsWith("f:")) continue;
      const name = element.slice(2);
      if (!Object.hasOwn(object, name)) continue;
      const before = object[name] as JsonValue;
      const after = this.#value(before, element, last, owners, fieldSchemaOf(schema, name, this.#registry));
      if (after === before) continue;
      if (result === object) result = { ...object };
      if (after === undefined) delete result[name];
      else setKey(result, name, after);
    }
    return result;
  }

  /** What is left of the value at `element`. */
  #value(value: JsonValue, element: string, last: FieldSet, owners: readonly FieldSet[], schema: Schema): JsonValue | undefined {
    const node = last[element] as FieldSet;
    const owning = owners.map((set) => set[element]).filter((set) => set !== undefined);
    if (isMember(node) && owning.length === 0) return undefined;
    if (Array.isArray(value)) return this.#items(value, node, owning, schema);
    if (!isJsonObject(value)) return value;
    const rest = this.fields(value, node, owning, schema);
    const emptied = rest !== value && Object.keys(rest).length === 0 && owning.length === 0;
    return emptied ? undefined : rest;
  }

  #items(list: JsonValue[], last: FieldSet, owners: readonly FieldSet[], schema: Schema): JsonValue | undefined {
    const itemSchema = itemSchemaOf(schema, this.#registry);
    let changed = false;
    const items: JsonValue[] = [];
    for (const item of list) {
      const element = itemElement(item, schema, itemSchema);
      const rest = element === undefined || last[element] === undefined ? item : this.#value(item, element, last, owners, itemSchema);
      changed ||= rest !== item;
      if (rest !== undefined) items.push(rest);
    }
    if (!changed) return list;
    return items.length === 0 && owners.length === 0 ? undefined : items;
  }
}
