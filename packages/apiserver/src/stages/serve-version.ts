import type { ObjectPage } from "../registry/object-list.ts";
import type { ServedResource } from "../served-resources.ts";
import type { StoredObject } from "../registry/stored-object.ts";

/** The states in the version of the request. Only custom kinds of several versions have to be converted here. Errors: `InternalError`. */
async function inServedVersion(resource: ServedResource, states: readonly StoredObject[]): Promise<readonly StoredObject[]> {
  return resource.storage === undefined ? states : resource.storage.toServed(states);
}

/**
 * A page in the version of the request, without what `selectsServed` does not select: it may be smaller than its limit then,
 * and even empty while more follows. Errors: as {@link inServedVersion}.
 */
export async function pageInServedVersion(
  resource: ServedResource,
  page: ObjectPage,
  selectsServed: ((served: StoredObject) => boolean) | undefined,
): Promise<ObjectPage> {
  const items = await inServedVersion(resource, page.items);
  if (selectsServed === undefined) return { ...page, items };
  // How many of the others would be selected is not known.
  const { remainingItemCount: _unknown, ...metadata } = page.metadata;
  return { items: items.filter(selectsServed), metadata };
}

/** {@link inServedVersion} for one state. */
export async function oneInServedVersion(resource: ServedResource, stored: StoredObject): Promise<StoredObject> {
  if (resource.storage === undefined || resource.storage.isServed(stored)) return stored;
  const [served = stored] = await resource.storage.toServed([stored]);
  return served;
}
