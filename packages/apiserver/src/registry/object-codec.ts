import { apiVersionOf, type KubeObject, type ObjectMeta, writeJson } from "@skiff/api";

/**
 * How objects of one kind and version are written as JSON. The bytes always start with the same prefix,
 * `{"kind":"Pod","apiVersion":"v1","metadata":{`, and leave out `resourceVersion`: an object is encoded before the store
 * gives it its revision. Answers splice the revision in right behind the prefix, so nothing is encoded twice.
 */
export class ObjectCodec {
  readonly apiVersion: string;
  readonly kind: string;
  /** ASCII, so its length in characters is its length in bytes. */
  readonly prefix: string;
  readonly #prefixBytes: Buffer;

  constructor(resource: { readonly group: string; readonly version: string; readonly kind: string }) {
    this.apiVersion = apiVersionOf(resource);
    this.kind = resource.kind;
    this.prefix = `{"kind":${JSON.stringify(this.kind)},"apiVersion":${JSON.stringify(this.apiVersion)},"metadata":{`;
    this.#prefixBytes = Buffer.from(this.prefix);
  }

  /** The object without its `resourceVersion`. Its metadata must not be empty, which every stored object's is not. */
  encode(object: KubeObject): Buffer {
    const { resourceVersion: _revision, ...metadata } = object.metadata ?? ({} as ObjectMeta);
    let text = this.prefix + JSON.stringify(metadata).slice(1);
    const fields = object as Readonly<Record<string, unknown>>;
    for (const field of Object.keys(fields)) {
      if (field === "metadata" || field === "kind" || field === "apiVersion") continue;
      const value = fields[field];
      if (value !== undefined) text += `,${JSON.stringify(field)}:${writeJson(value)}`;
    }
    return Buffer.from(`${text}}`);
  }

  /** True when `bytes` are of the form that {@link ObjectCodec.encode} writes. */
  owns(bytes: Uint8Array): boolean {
    const length = this.#prefixBytes.length;
    return bytes.length > length && this.#prefixBytes.compare(bytes, 0, length) === 0;
  }

  /** The parts of the object's JSON as clients get it. Revision 0 stands for "not stored": no `resourceVersion`. */
  objectParts(bytes: Uint8Array, revision: number): Uint8Array[] {
    const rest = bytes.subarray(this.#prefixBytes.length);
    return [this.#prefixBytes, resourceVersionBytes(revision), rest];
  }

  /** The same as an item of a typed list, which carries no `kind` and `apiVersion`. */
  itemParts(bytes: Uint8Array, revision: number): Uint8Array[] {
    const rest = bytes.subarray(this.#prefixBytes.length);
    return [ITEM_PREFIX, resourceVersionBytes(revision), rest];
  }
}

const ITEM_PREFIX = Buffer.from('{"metadata":{');

function resourceVersionBytes(revision: number): Buffer {
  return revision === 0 ? Buffer.alloc(0) : Buffer.from(`"resourceVersion":"${revision}",`);
}
