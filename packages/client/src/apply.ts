import { apiVersionOf, type KubeObject, type Resource } from "@skiff/api";
import type { Client } from "./client.ts";

/**
 * Server-side apply of the fields that `object` names, owned by `fieldManager` afterwards. Creates the object when it is
 * not there. Errors: `Conflict` when another manager owns a field with another value, unless `force` is given.
 */
export function applyObject<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: T,
  options: { readonly fieldManager: string; readonly force?: boolean; readonly subresource?: string },
): Promise<T> {
  const { namespace, name = "" } = object.metadata ?? {};
  // Apply needs both in the body; objects out of a typed list lack them.
  const body = { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
  return client.resource(resource).patch({ namespace, name }, body, { ...options, type: "apply" });
}
