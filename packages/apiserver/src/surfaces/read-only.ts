import { statusError, type StatusError } from "@skiff/api";
import type { RequestContext } from "../request-context.ts";

/** Errors: `MethodNotAllowed` for everything but GET and HEAD. */
export function requireRead({ request }: RequestContext): void {
  if (request.method === "GET" || request.method === "HEAD") return;
  throw statusError("MethodNotAllowed", "the server does not allow this method on the requested resource");
}

/** The 404 of paths below which nothing is served. */
export function unknownPath(): StatusError {
  return statusError("NotFound", "the server could not find the requested resource", {});
}
