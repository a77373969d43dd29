import { jsonEquals, type KubeObject } from "@skiff/api";
import type { Compare } from "@skiff/store";
import type { ObjectRegistry } from "../registry/object-registry.ts";
import { objectPath } from "../registry/store-keys.ts";
import { StoredObject } from "../registry/stored-object.ts";
import type { ServedResource } from "../served-resources.ts";
import type { WatchCache } from "../registry/watch-cache.ts";

/** A change of one object that is ready to be stored. */
interface Change {
  readonly registry: ObjectRegistry;
  readonly cache: WatchCache;
  /** The state that the change was made from; absent when the object must not exist yet. */
  readonly old: StoredObject | undefined;
  /** Belongs to the registry from now on. */
  readonly object: KubeObject;
  readonly dryRun: boolean;
  /** In which version `old` and `object` are; default: in the stored one. */
  readonly version?: Pick<ServedResource, "codec" | "storage">;
  /** Conditions on other keys that must hold as well. */
  readonly guards?: readonly Compare[];
}

/**
 * Compare-and-swap: stores the object if the stored state is still the one that the change was made from. A change that
 * changes nothing is not written and answers the old state.
 *
 * Answers `undefined` when a condition did not hold; nothing has happened then.
 */
export async function commit(change: Change): Promise<StoredObject | undefined> {
  const { registry, cache, old, object, dryRun } = change;
  const { namespace = "", name = "" } = object.metadata ?? {};
  if (object.metadata?.resourceVersion !== undefined) delete object.metadata.resourceVersion;
  const { codec = cache.codec, storage } = change.version ?? {};
  const served = codec.encode(object);
  if (old !== undefined && isSame(served, old, object) && isOfStorageVersion(cache, old)) return old;
  if (dryRun) return new StoredObject(codec, object, old?.revision ?? 0, served);
  const key = cache.prefix + objectPath(namespace, name);
  const storable = storage === undefined ? object : await storage.toStorage(object);
  const bytes = codec === cache.codec ? served : cache.codec.encode(storable);
  const write = cache.announce(namespace, name, storable, bytes);
  try {
    const { succeeded, revision } = await registry.store.txn({
      compare: [{ key, target: "modRevision", result: "equal", value: old?.revision ?? 0 }, ...(change.guards ?? [])],
      success: [{ type: "put", key, value: bytes }],
    });
    if (succeeded) {
      const stored = cache.complete(write, revision);
      await seen(registry, revision);
      return storage === undefined ? stored : (await storage.toServed([stored]))[0];
    }
  } catch (error) {
    cache.withdraw(write);
    throw error;
  }
  cache.withdraw(write);
  return undefined;
}

/** Removes the object if it is still in the state `old`. Answers false when it is not. */
export async function remove(registry: ObjectRegistry, cache: WatchCache, old: StoredObject): Promise<boolean> {
  const key = cache.prefix + objectPath(old.namespace, old.name);
  const { succeeded, revision } = await registry.store.txn({
    compare: [{ key, target: "modRevision", result: "equal", value: old.revision }],
    success: [{ type: "delete", key }],
  });
  if (succeeded) await seen(registry, revision);
  return succeeded;
}

/**
 * Waits until the caches show the write, so that whoever reads them after the answer sees it. A store that is slow to tell
 * does not undo the write: it is answered all the same.
 */
async function seen(registry: ObjectRegistry, revision: number): Promise<void> {
  if (registry.revision < revision) await registry.reached(revision).catch(() => {});
}

/** False for an object that was written when another version was the stored one: any write brings it into the present one. */
function isOfStorageVersion(cache: WatchCache, old: StoredObject): boolean {
  const stored = cache.objects.get(old.namespace, old.name);
  return stored === undefined || stored.codec === cache.codec;
}

/** Equal bytes, or as many bytes that say the same with fields in another order. */
function isSame(bytes: Buffer, old: StoredObject, object: KubeObject): boolean {
  if (bytes.length !== old.bytes.length) return false;
  if (bytes.equals(old.bytes)) return true;
  const { resourceVersion: _revision, ...oldMetadata } = old.metadata;
  return jsonEquals({ ...object, metadata: { ...object.metadata } }, { ...old.object, metadata: oldMetadata });
}
