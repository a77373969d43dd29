import { forbidden, statusError, type StatusError } from "@skiff/api";
import type { RequestAttributes } from "../attributes.ts";

/** What the user may not do, in upstream's words: `User "x" cannot list resource "pods" in API group "" …`. */
function forbiddenMessage(attributes: RequestAttributes): string {
  const { user, verb, group, resource, subresource, namespace, path, isResourceRequest } = attributes;
  const who = JSON.stringify(user.name);
  if (!isResourceRequest) return `User ${who} cannot ${verb} path ${JSON.stringify(path)}`;
  const what = JSON.stringify(subresource === "" ? resource : `${resource}/${subresource}`);
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  return `User ${who} cannot ${verb} resource ${what} in API group ${JSON.stringify(group)} ${where}`;
}

/** The 403 for a request that no authorizer allowed; `reason` is theirs. */
export function forbiddenError(attributes: RequestAttributes, reason = ""): StatusError {
  const text = forbiddenMessage(attributes) + (reason === "" ? "" : `: ${reason}`);
  if (attributes.resource === "") return statusError("Forbidden", `forbidden: ${text}`, {});
  const { group, resource, name } = attributes;
  return forbidden({ group, kind: resource, name: name === "" ? undefined : name }, text);
}
