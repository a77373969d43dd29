import {
  badRequest,
  conflict,
  invalid,
  notSupported,
  required,
  type Binding,
  type FieldError,
  type Pod,
  type PodCondition,
} from "@skiff/api";
import { timestamp } from "@skiff/base";
import type { Reply } from "../reply.ts";
import type { ResourceContext } from "../request-context.ts";
import { admissionRequest, mutate, validateAdmission } from "../stages/admit.ts";
import { commit } from "../stages/commit.ts";
import { copyOf, instantiate, readBody } from "../stages/decode.ts";
import { existingState, loadedCache, methodNotAllowed, placeInNamespace } from "../verbs/object-target.ts";
import { optionsObject } from "../verbs/options-object.ts";
import { parseWriteOptions } from "../write-options.ts";
import { BINDING, withBodyKind } from "./body-kinds.ts";
import { successReply } from "./success-reply.ts";

/** Starts again when somebody else changed the Pod meanwhile; after this many times the request fails. */
const MAX_ATTEMPTS = 16;

/** `POST pods/NAME/binding`: gives a Pod its node, once and for all. */
export async function podBindingHandler(context: ResourceContext): Promise<Reply> {
  const { core, request, route } = context;
  if (request.method !== "POST") throw methodNotAllowed(context);
  const options = parseWriteOptions(request.query, "CreateOptions");
  const binding = instantiate(withBodyKind(context, BINDING), await readBody(context), options.fieldValidation) as Binding;
  placeInNamespace(context, binding);
  if (binding.metadata?.name !== route.name) throw badRequest("name in URL does not match name in Binding object");
  const errors = checkBinding(binding);
  if (errors.length > 0) throw invalid({ kind: "Binding", name: route.name }, errors);
  const admission = admissionRequest(context, {
    operation: "CREATE",
    namespace: route.namespace,
    name: route.name,
    dryRun: options.dryRun,
    object: binding,
    oldObject: undefined,
    options: optionsObject("CreateOptions", options),
  });
  await mutate(context, admission);
  await validateAdmission(context, admission);

  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const old = await existingState(context);
    const object = bound(copyOf(old.object) as Pod, binding, timestamp(core.host.clock));
    const stored = await commit({ registry: core.registry, cache: loadedCache(context), old, object, dryRun: options.dryRun });
    if (stored !== undefined) return successReply(201);
    await core.registry.catchUp();
  }
  throw notBound(route.name, "the object has been modified; please apply your changes to the latest version and try again");
}

function checkBinding({ target }: Binding): FieldError[] {
  const errors: FieldError[] = [];
  if (target.kind && target.kind !== "Node") errors.push(notSupported("target.kind", target.kind, ["Node", "<empty>"]));
  if (!target.name) errors.push(required("target.name"));
  return errors;
}

/** The Pod on its node. Errors: `Conflict` when it cannot go there. */
function bound(pod: Pod, { target, metadata }: Binding, now: string): Pod {
  const { name = "", uid, deletionTimestamp } = pod.metadata ?? {};
  const spec = (pod.spec ??= { containers: [] });
  if (metadata?.uid && metadata.uid !== uid) {
    throw notBound(name, `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid ?? ""}`);
  }
  if (metadata?.resourceVersion && metadata.resourceVersion !== pod.metadata?.resourceVersion) {
    const { resourceVersion } = metadata;
    throw notBound(
      name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${pod.metadata?.resourceVersion ?? ""}`,
    );
  }
  if (deletionTimestamp !== undefined) throw notBound(name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (spec.nodeName) throw notBound(name, `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`);
  if ((spec.schedulingGates ?? []).length > 0) throw notBound(name, `pod ${name} has non-empty .spec.schedulingGates`);
  spec.nodeName = target.name ?? "";
  const podMetadata = (pod.metadata ??= {});
  if (metadata?.annotations !== undefined) podMetadata.annotations = { ...podMetadata.annotations, ...metadata.annotations };
  if (metadata?.labels !== undefined) podMetadata.labels = { ...podMetadata.labels, ...metadata.labels };
  const status = (pod.status ??= {});
  status.conditions = withScheduled(status.conditions ?? [], now);
  delete status.nominatedNodeName;
  return pod;
}

function withScheduled(conditions: readonly PodCondition[], now: string): PodCondition[] {
  const scheduled: PodCondition = { type: "PodScheduled", status: "True", lastTransitionTime: now };
  return [...conditions.filter(({ type }) => type !== "PodScheduled"), scheduled];
}

function notBound(name: string, why: string): Error {
  return conflict({ kind: "pods/binding", name }, why);
}
