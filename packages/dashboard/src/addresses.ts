import { groupResource, type Resource } from "@skiff/api";

/**
 * An address within the dashboard. All are relative and in one folder, so that they work at any address that the dashboard is
 * reached by: the API server's proxy, or a path of its own. Parameters without a value are left out.
 */
export function address(page: string, parameters: Readonly<Record<string, string | undefined>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined && value !== "") query.set(name, value);
  const text = query.toString();
  return `./${page}${text === "" ? "" : `?${text}`}`;
}

/** Where the objects of a resource are listed. */
export function listAddress(resource: Pick<Resource, "group" | "plural">, namespace?: string): string {
  return address("list", { resource: groupResource(resource), namespace });
}

/** Where an object, or something about it (`edit`, `delete`), is shown. */
export function objectAddress(
  resource: Pick<Resource, "group" | "plural">,
  object: { readonly namespace?: string; readonly name: string },
  page = "object",
): string {
  return address(page, { resource: groupResource(resource), namespace: object.namespace, name: object.name });
}
