import { statusError, type StatusDetails } from "@skiff/api";
import type { Authorizer, RequestAttributes } from "../attributes.ts";

/** Errors: `Forbidden` in upstream's words when the authorizer does not allow the request. */
export function authorise(attributes: RequestAttributes, authorizer: Authorizer | undefined): void {
  if (authorizer === undefined) return;
  const { decision, reason } = authorizer.authorize(attributes);
  if (decision === "allow") return;
  throw forbiddenRequest(attributes, reason ?? "");
}

/** 403 for `attributes`. */
export function forbiddenRequest(attributes: RequestAttributes, reason: string): Error {
  const { user, verb, group, resource, subresource, namespace, name, path } = attributes;
  const because = reason === "" ? "" : `: ${reason}`;
  if (!attributes.isResourceRequest) {
    return statusError("Forbidden", `forbidden: User "${user.name}" cannot ${verb} path "${path}"${because}`, {});
  }
  const qualified = group === "" ? resource : `${resource}.${group}`;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? " at the cluster scope" : ` in the namespace "${namespace}"`;
  const subject = name === "" ? qualified : `${qualified} "${name}"`;
  const details: StatusDetails = { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource };
  const text = `${subject} is forbidden: User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}"${where}${because}`;
  return statusError("Forbidden", text, details);
}
