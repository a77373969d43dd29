import { forbidden, type StatusError } from "@skiff/api";
import type { AdmissionRequest } from "../admission.ts";

/** The 403 of an admission plug-in: `pods "web" is forbidden: <why>`. */
export function refusal(request: AdmissionRequest, why: string): StatusError {
  const { group, plural } = request.kind;
  return forbidden({ group, kind: plural, name: nameOf(request) }, why);
}

/** The name in messages; before a generated name is made, its prefix. */
export function nameOf({ name, object }: AdmissionRequest): string {
  return name || object?.metadata?.name || object?.metadata?.generateName || "Unknown";
}

/** Several reasons as upstream prints them: one as it is, more in brackets, each once. */
export function joinReasons(reasons: readonly string[]): string {
  const distinct = [...new Set(reasons)];
  return distinct.length === 1 ? (distinct[0] ?? "") : `[${distinct.join(", ")}]`;
}

/** Whether the request is about that resource (and no subresource, unless one is named). */
export function isAbout(request: AdmissionRequest, group: string, plural: string, subresource = ""): boolean {
  return request.kind.group === group && request.kind.plural === plural && request.subresource === subresource;
}
