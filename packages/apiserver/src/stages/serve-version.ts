import type { ServedResource } from "../served-resources.ts";
import type { StoredObject } from "../registry/stored-object.ts";

/** The states in the version of the request. Only custom kinds of several versions have to be converted here. Errors: `InternalError`. */
export async function inServedVersion(resource: ServedResource, states: readonly StoredObject[]): Promise<readonly StoredObject[]> {
  return resource.storage === undefined ? states : resource.storage.toServed(states);
}

/** {@link inServedVersion} for one state. */
export async function oneInServedVersion(resource: ServedResource, stored: StoredObject): Promise<StoredObject> {
  if (resource.storage === undefined || resource.storage.isServed(stored)) return stored;
  const [served = stored] = await resource.storage.toServed([stored]);
  return served;
}
