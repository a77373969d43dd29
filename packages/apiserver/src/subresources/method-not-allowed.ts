import { statusError } from "@skiff/api";
import type { ResourceContext } from "../request-context.ts";

/** 405 for a method that the subresource does not have. */
export function methodNotAllowed({ route, resource }: ResourceContext): Error {
  return statusError("MethodNotAllowed", "the server does not allow this method on the requested resource", {
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: route.resource,
  });
}
