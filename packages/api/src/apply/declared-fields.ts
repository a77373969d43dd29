import type { JsonObject, JsonValue } from "../json-value.ts";
import type { Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";
import { fieldElement, showPath } from "./field-set.ts";
import { itemElement } from "./typed-value.ts";

/** More problems than these are not listed. */
const MAX_PROBLEMS = 100;

/**
 * What is wrong with a configuration that names fields which its schema does not have, a line for each in upstream's words.
 * An apply takes no such field whatever its field validation is, for nobody could own it.
 */
export function undeclaredFields(config: JsonObject, schema: Schema, registry: SchemaRegistry): string[] {
  const finder = new UndeclaredFinder(registry);
  finder.value(config, schema, false);
  return finder.problems;
}

class UndeclaredFinder {
  readonly problems: string[] = [];
  readonly #registry: SchemaRegistry;
  readonly #path: string[] = [];

  constructor(registry: SchemaRegistry) {
    this.#registry = registry;
  }

  /** `preserved`: a schema above keeps unknown fields, which holds for all that is written out below it. */
  value(value: JsonValue, given: Schema, preserved: boolean): void {
    if (typeof value !== "object" || value === null || this.problems.length >= MAX_PROBLEMS) return;
    const schema = this.#registry.resolve(given);
    const keeps = schema.preserveUnknownFields === true || (preserved && given.ref === undefined);
    if (Array.isArray(value)) this.#items(value, schema, keeps);
    else this.#fields(value, schema, keeps);
  }

  #fields(value: JsonObject, schema: Schema, keeps: boolean): void {
    const { properties, additionalProperties } = schema;
    // A schema that names no fields at all takes any.
    const isOpen = keeps || properties === undefined || properties.size === 0;
    for (const name of Object.keys(value)) {
      const field = properties?.get(name) ?? additionalProperties;
      if (field === undefined) {
        if (!isOpen && !isOfEveryObject(name, schema)) this.#report(name);
        continue;
      }
      this.#path.push(fieldElement(name));
      this.value(value[name] as JsonValue, field, keeps);
      this.#path.pop();
    }
  }

  #items(list: JsonValue[], schema: Schema, keeps: boolean): void {
    const { items } = schema;
    if (items === undefined) return;
    const itemSchema = this.#registry.resolve(items);
    const isKeyed = schema.listType === "map" || schema.listType === "set";
    for (const [index, item] of list.entries()) {
      this.#path.push((isKeyed ? itemElement(item, schema, itemSchema) : undefined) ?? `i:${index}`);
      this.value(item, items, keeps);
      this.#path.pop();
    }
  }

  #report(name: string): void {
    if (this.problems.length < MAX_PROBLEMS)
      this.problems.push(`${showPath([...this.#path, fieldElement(name)])}: field not declared in schema`);
  }
}

/** An object within an object has these without its schema saying so. */
function isOfEveryObject(name: string, { embeddedResource }: Schema): boolean {
  return embeddedResource === true && (name === "apiVersion" || name === "kind" || name === "metadata");
}
