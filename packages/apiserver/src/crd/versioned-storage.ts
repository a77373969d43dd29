import { apiVersionOf, cloneJson, readObject, type JsonValue, type KindDefinition, type KubeObject, type SchemaRegistry } from "@skiff/api";
import { ObjectCodec } from "../registry/object-codec.ts";
import { StoredObject } from "../registry/stored-object.ts";
import type { VersionConverter } from "./version-converter.ts";

/**
 * One version of a custom kind over objects that are stored in others: in the present storage version, or in the one that
 * was it when they were written last.
 */
export class VersionedStorage {
  readonly #kind: KindDefinition;
  readonly #storageKind: KindDefinition;
  readonly #schemas: SchemaRegistry;
  readonly #converter: VersionConverter;
  readonly #codec: ObjectCodec;
  /** What was converted once, for as long as the stored state lives. */
  readonly #served = new WeakMap<StoredObject, StoredObject>();

  constructor(kind: KindDefinition, storageKind: KindDefinition, schemas: SchemaRegistry, converter: VersionConverter) {
    this.#kind = kind;
    this.#storageKind = storageKind;
    this.#schemas = schemas;
    this.#converter = converter;
    this.#codec = new ObjectCodec(kind);
  }

  /** True when the state can be shown as it is. */
  isServed(stored: StoredObject): boolean {
    return stored.codec.apiVersion === this.#codec.apiVersion;
  }

  /** The states in this version, in their order, all missing ones converted at once. Errors: `InternalError`. */
  async toServed(states: readonly StoredObject[]): Promise<StoredObject[]> {
    const missing = states.filter((stored) => !this.isServed(stored) && !this.#served.has(stored));
    const converted = await this.#convert(
      missing.map(({ object }) => object),
      this.#kind,
    );
    for (const [index, stored] of missing.entries())
      this.#served.set(stored, new StoredObject(this.#codec, converted[index] as KubeObject, stored.revision));
    return states.map((stored) => this.#served.get(stored) ?? stored);
  }

  /** An object of this version as it is to be stored. Errors: `InternalError`. */
  async toStorage(object: KubeObject): Promise<KubeObject> {
    if (apiVersionOf(this.#kind) === apiVersionOf(this.#storageKind)) return object;
    const [converted = object] = await this.#convert(
      [{ ...object, apiVersion: this.#codec.apiVersion, kind: this.#codec.kind }],
      this.#storageKind,
    );
    return converted;
  }

  /** Without the fields that the target's schema does not have, and with its defaults: fresh objects. */
  async #convert(objects: readonly KubeObject[], target: KindDefinition): Promise<KubeObject[]> {
    if (objects.length === 0) return [];
    const { group, version, kind, schema } = target;
    const converted = await this.#converter.convert(objects, apiVersionOf(target));
    return converted.map((object) => {
      const value = cloneJson(object as unknown as JsonValue);
      const decoded = { value, duplicates: [], decimals: new Map<string, string>() };
      const read = readObject(decoded, { expected: { group, version, kind }, schema, registry: this.#schemas, structural: true }, "Ignore");
      target.applyDefaults?.(read.object);
      return read.object;
    });
  }
}
