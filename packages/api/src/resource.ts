import type { KubeObject } from "./object.ts";

/**
 * What a client needs to know of a kind to speak to the API about it. `T` is the type of its objects and exists for the
 * compiler only.
 */
export interface Resource<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The segment in the path, lower case: `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set; ties `T` to the value. */
  readonly type?: T;
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(resource: Pick<Resource, "group" | "version">): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** Takes `apps/v1` or `v1` apart. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? { group: "", version: apiVersion } : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** `deployments.apps`, or `pods` for the core group: how messages and RBAC name a resource. */
export function groupResource(resource: Pick<Resource, "group" | "plural">): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** The path of a resource, an object of it, or a subresource of that, with every segment percent-encoded. */
export function resourcePath(
  resource: Pick<Resource, "group" | "version" | "plural" | "namespaced">,
  target: { namespace?: string; name?: string; subresource?: string } = {},
): string {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const segments = [root];
  if (resource.namespaced && target.namespace) segments.push("namespaces", encodeURIComponent(target.namespace));
  segments.push(resource.plural);
  if (target.name !== undefined) segments.push(encodeURIComponent(target.name));
  if (target.subresource !== undefined) segments.push(target.subresource);
  return segments.join("/");
}
