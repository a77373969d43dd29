import type { KubeObject } from "@skiff/api";
import type { ResourceContext } from "../request-context.ts";
import { admissionRequest, mutate, validateAdmission } from "../stages/admit.ts";
import { storedNamespace } from "../verbs/object-target.ts";

/**
 * Asks admission whether a connection may be made. `options` is the object that plug-ins see: `PodExecOptions`,
 * `ServiceProxyOptions`, … Errors: the refusal of a plug-in.
 */
export async function admitConnect(context: ResourceContext, kind: string, options: Readonly<Record<string, unknown>>): Promise<void> {
  const object = { apiVersion: "v1", kind, ...options } as KubeObject;
  const request = admissionRequest(context, {
    operation: "CONNECT",
    namespace: storedNamespace(context),
    name: context.route.name,
    dryRun: false,
    object,
    oldObject: undefined,
  });
  await mutate(context, request);
  await validateAdmission(context, request);
}
