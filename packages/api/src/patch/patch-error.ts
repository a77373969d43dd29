import { statusError, type StatusError } from "../status.ts";

/**
 * 422: the patch is well formed, but cannot be applied to this object. The message is upstream's, which says nothing; the
 * cause says what.
 */
export function patchDoesNotApply(why: string): StatusError {
  const causes = [{ reason: "UnexpectedServerResponse", message: why }];
  return statusError("Invalid", "the server rejected our request due to an error in our request", { causes });
}
