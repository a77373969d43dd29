import type { Authorizer, RequestAttributes } from "../attributes.ts";
import { forbiddenError } from "../authz/forbidden.ts";

/** Errors: `Forbidden` in upstream's words when the authorizer does not allow the request. */
export function authorise(attributes: RequestAttributes, authorizer: Authorizer | undefined): void {
  if (authorizer === undefined) return;
  const { decision, reason } = authorizer.authorize(attributes);
  if (decision !== "allow") throw forbiddenError(attributes, reason);
}
