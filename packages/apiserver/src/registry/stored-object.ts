import { deepFreeze } from "@skiff/base";
import type { KubeObject, ObjectMeta } from "@skiff/api";
import type { ObjectCodec } from "./object-codec.ts";

/**
 * One state of one object, in the stored version: decoded, frozen and shared by all readers in the process, and encoded.
 *
 * Guarantees: `object` and `bytes` say the same, except that `bytes` lack `metadata.resourceVersion`, which is `revision`.
 */
export class StoredObject {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly name: string;
  /** The store's revision of this state; 0 for the answer to a dry run of a creation. */
  readonly revision: number;
  readonly codec: ObjectCodec;
  #bytes: Buffer | undefined;
  /** The same state in other served versions and shapes, by a key of whoever makes them. */
  #views: Map<string, unknown> | undefined;

  /** Takes `object` over: sets its `resourceVersion` and freezes it. */
  constructor(codec: ObjectCodec, object: KubeObject, revision: number, bytes?: Buffer) {
    const metadata = (object.metadata ??= {});
    if (revision !== 0 && metadata.resourceVersion !== String(revision)) metadata.resourceVersion = String(revision);
    if (object.kind !== codec.kind) object.kind = codec.kind;
    if (object.apiVersion !== codec.apiVersion) object.apiVersion = codec.apiVersion;
    this.object = deepFreeze(object);
    this.namespace = metadata.namespace ?? "";
    this.name = metadata.name ?? "";
    this.revision = revision;
    this.codec = codec;
    this.#bytes = bytes;
  }

  get metadata(): Readonly<ObjectMeta> {
    return this.object.metadata ?? {};
  }

  get bytes(): Buffer {
    return (this.#bytes ??= this.codec.encode(this.object));
  }

  /** The same state under another revision: what a watcher gets with a deletion. */
  atRevision(revision: number): StoredObject {
    const object = { ...this.object, metadata: { ...this.object.metadata, resourceVersion: String(revision) } };
    return new StoredObject(this.codec, object, revision, this.#bytes);
  }

  /** A form derived from this state, made at most once. */
  view<T>(key: string, make: () => T): T {
    const views = (this.#views ??= new Map<string, unknown>());
    if (!views.has(key)) views.set(key, make());
    return views.get(key) as T;
  }
}
