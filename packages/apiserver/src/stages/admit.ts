import { readObject, type JsonValue, type KubeObject } from "@skiff/api";
import type { AdmissionRequest } from "../admission.ts";
import { wasChangedByOthers } from "../admission/reinvocation.ts";
import { replaceObject } from "../admission/replace-object.ts";
import type { ResourceContext } from "../request-context.ts";

/** What admission is about, beside the request itself. */
export interface AdmissionSubject {
  readonly operation: AdmissionRequest["operation"];
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly subresource?: string;
}

/** The admission request for a write. The same one goes through mutation and validation. */
export function admissionRequest(context: ResourceContext, subject: AdmissionSubject): AdmissionRequest {
  return {
    operation: subject.operation,
    kind: context.resource.kind,
    subresource: subject.subresource ?? context.route.subresource,
    namespace: subject.namespace,
    name: subject.name,
    user: context.user,
    dryRun: subject.dryRun,
    object: subject.object,
    oldObject: subject.oldObject,
    options: subject.options ?? {},
    warn: (text) => context.warnings.add(text),
  };
}

/** Lets every plug-in change the object, in order. Errors: the refusal of the first one that refuses. */
export async function mutate(context: ResourceContext, request: AdmissionRequest): Promise<void> {
  for (const plugin of context.core.admission) {
    const pending = plugin.mutate?.(request);
    if (pending !== undefined) await pending;
  }
  if (request.object !== undefined && wasChangedByOthers(request)) dropUnknownFields(context, request, request.object);
}

/** What webhooks and policies add is read as a body is: fields that the kind does not have are dropped. */
function dropUnknownFields({ core, resource }: ResourceContext, request: AdmissionRequest, object: KubeObject): void {
  // The objects of other subresources are of kinds of their own.
  if (request.subresource !== "" && request.subresource !== "status") return;
  const { kind, structural } = resource;
  const expected = { group: kind.group, version: kind.version, kind: kind.kind };
  const decoded = { value: object as unknown as JsonValue, duplicates: [], decimals: new Map<string, string>() };
  const read = readObject(decoded, { expected, schema: kind.schema, registry: core.schemas, structural }, "Ignore").object;
  // A copy, for what was read may be the very same object.
  replaceObject(object, { ...read });
}

/** Asks every plug-in, in order. Errors: the refusal of the first one that refuses. */
export async function validateAdmission(context: ResourceContext, request: AdmissionRequest): Promise<void> {
  for (const plugin of context.core.admission) {
    const pending = plugin.validate?.(request);
    if (pending !== undefined) await pending;
  }
}
