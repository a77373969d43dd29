import type { StoredObject } from "../registry/stored-object.ts";
import { toServedVersion, type ServedResource } from "../served-resources.ts";
import type { KubeObject } from "@skiff/api";

/** The object in the version of `resource`; made at most once for each version. */
export function servedObject(resource: ServedResource, stored: StoredObject): KubeObject {
  if (resource.conversion === undefined) return stored.object;
  return stored.view(`object:${resource.apiVersion}`, () => toServedVersion(resource, stored.object));
}

/** The JSON of the object in the version of `resource`, in pieces. Nothing is encoded twice. */
export function objectParts(resource: ServedResource, stored: StoredObject): Uint8Array[] {
  return resource.codec.objectParts(servedBytes(resource, stored), stored.revision);
}

/** The same as an item of a list: items of typed lists carry no `kind` and `apiVersion`, those of custom resources do. */
export function itemParts(resource: ServedResource, stored: StoredObject): Uint8Array[] {
  if (resource.structural) return objectParts(resource, stored);
  return resource.codec.itemParts(servedBytes(resource, stored), stored.revision);
}

function servedBytes(resource: ServedResource, stored: StoredObject): Uint8Array {
  if (resource.conversion === undefined) return stored.bytes;
  return stored.view(`bytes:${resource.apiVersion}`, () => resource.codec.encode(servedObject(resource, stored)));
}
