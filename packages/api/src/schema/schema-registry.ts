import { assert } from "@skiff/base";
import { ANY_SCHEMA, type Schema } from "./schema.ts";

/** Where a registry finds definitions that were not added to it; must give the same schema for the same name each time. */
export type SchemaSource = (name: string) => Schema | undefined;

/**
 * Schemas by the names of upstream's OpenAPI definitions. Custom resources add theirs at run time.
 *
 * Guarantees: schemas are immutable, so a caller may key caches by their identity.
 */
export class SchemaRegistry {
  readonly #source: SchemaSource;
  readonly #sourceNames: readonly string[];
  readonly #added = new Map<string, Schema>();
  readonly #resolved = new WeakMap<Schema, Schema>();

  /** `sourceNames` are all names that `source` knows. */
  constructor(source: SchemaSource = () => undefined, sourceNames: readonly string[] = []) {
    this.#source = source;
    this.#sourceNames = sourceNames;
  }

  /** The schema of that name, or undefined. */
  find(name: string): Schema | undefined {
    return this.#added.get(name) ?? this.#source(name);
  }

  /** The schema of that name. It is a mistake of the program to ask for one that is not there. */
  get(name: string): Schema {
    const schema = this.find(name);
    assert(schema !== undefined, `no schema named ${name}`);
    return schema;
  }

  /** Follows `ref`; the result has none. Keywords beside the `ref` win. A `ref` to nowhere accepts anything. */
  resolve(schema: Schema): Schema {
    if (schema.ref === undefined) return schema;
    const known = this.#resolved.get(schema);
    if (known !== undefined) return known;
    const target = this.resolve(this.find(schema.ref) ?? ANY_SCHEMA);
    const { ref: _ref, ...beside } = schema;
    const plain = Object.keys(beside).length === 0 ? target : { ...target, ...beside };
    this.#resolved.set(schema, plain);
    return plain;
  }

  /** Adds or replaces a definition. */
  add(name: string, schema: Schema): void {
    this.#added.set(name, schema);
  }

  /** Takes away what {@link add} added. */
  remove(name: string): void {
    this.#added.delete(name);
  }

  /** Every name, sorted. */
  names(): string[] {
    return [...new Set([...this.#sourceNames, ...this.#added.keys()])].sort();
  }
}
