import type { KubeObject } from "@skiff/api";
import type { AdmissionRequest } from "../admission.ts";
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
}

/** Asks every plug-in, in order. Errors: the refusal of the first one that refuses. */
export async function validateAdmission(context: ResourceContext, request: AdmissionRequest): Promise<void> {
  for (const plugin of context.core.admission) {
    const pending = plugin.validate?.(request);
    if (pending !== undefined) await pending;
  }
}
