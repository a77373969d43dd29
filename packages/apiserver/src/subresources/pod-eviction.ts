import {
  isConditionTrue,
  badRequest,
  conflict,
  statusError,
  type Eviction,
  type JsonValue,
  type Pod,
  type PodCondition,
  type PodDisruptionBudget,
} from "@skiff/api";
import { timestamp } from "@skiff/base";
import { parseDeleteOptions, type DeleteOptions } from "../delete-options.ts";
import type { Reply } from "../reply.ts";
import type { ResourceContext } from "../request-context.ts";
import type { StoredObject } from "../registry/stored-object.ts";
import { RequestQuery } from "../request-query.ts";
import { admissionRequest, mutate, validateAdmission } from "../stages/admit.ts";
import { commit } from "../stages/commit.ts";
import { copyOf, instantiate, readBody } from "../stages/decode.ts";
import { deleteObject } from "../verbs/delete-object.ts";
import { existingState, loadedCache, methodNotAllowed, placeInNamespace, subjectOf } from "../verbs/object-target.ts";
import { optionsObject } from "../verbs/options-object.ts";
import { parseWriteOptions, type WriteOptions } from "../write-options.ts";
import { EVICTION, EVICTION_V1BETA1, withBodyKind } from "./body-kinds.ts";
import { budgetsOf, takeDisruption } from "./disruption-budget.ts";
import { successReply } from "./success-reply.ts";

/** Starts again when somebody else changed the Pod meanwhile; after this many times the request fails. */
const MAX_ATTEMPTS = 16;
const NO_QUERY = RequestQuery.from(undefined);

/** `POST pods/NAME/eviction`: deletes the Pod if its disruption budget allows it. */
export async function podEvictionHandler(context: ResourceContext): Promise<Reply> {
  const { request, route } = context;
  if (request.method !== "POST") throw methodNotAllowed(context);
  const options = parseWriteOptions(request.query, "CreateOptions");
  const eviction = await readEviction(context, options);
  const deleteOptions = deleteOptionsOf(eviction, options);
  const admission = admissionRequest(context, {
    operation: "CREATE",
    namespace: route.namespace,
    name: route.name,
    dryRun: deleteOptions.dryRun,
    object: eviction,
    oldObject: undefined,
    options: optionsObject("CreateOptions", options),
  });
  await mutate(context, admission);
  await validateAdmission(context, admission);

  const stored = await existingState(context);
  const pod = stored.object as Pod;
  if (!isIgnoredByBudgets(pod)) await askBudget(context, pod, deleteOptions.dryRun);
  await evict(context, deleteOptions, isIgnoredByBudgets(pod) ? stored : undefined);
  return successReply(201);
}

async function readEviction(context: ResourceContext, options: WriteOptions): Promise<Eviction> {
  const { route } = context;
  const raw = await readBody(context);
  const sent = raw?.value as { readonly apiVersion?: unknown } | undefined;
  const body = sent?.apiVersion === "policy/v1beta1" ? EVICTION_V1BETA1 : EVICTION;
  const eviction = instantiate(withBodyKind(context, body), raw, options.fieldValidation) as Eviction;
  placeInNamespace(context, eviction);
  if (eviction.metadata?.name !== route.name) throw badRequest("name in URL does not match name in Eviction object");
  return eviction;
}

function deleteOptionsOf(eviction: Eviction, { dryRun }: WriteOptions): DeleteOptions {
  const given = parseDeleteOptions(NO_QUERY, (eviction.deleteOptions as JsonValue | undefined) ?? {});
  const named = eviction.deleteOptions?.dryRun ?? [];
  if (dryRun && named.length > 0 && !given.dryRun) throw badRequest("Non-matching dry-run options in request and content");
  return { ...given, dryRun: given.dryRun || dryRun };
}

/** Pods that do not serve anybody (any more, or yet) do not count as disruptions. */
function isIgnoredByBudgets({ metadata, status }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined || ["Succeeded", "Failed", "Pending"].includes(status?.phase ?? "");
}

/** Errors: the refusal of the Pod's budget. */
async function askBudget(context: ResourceContext, pod: Pod, dryRun: boolean): Promise<void> {
  const [budget, ...others] = budgetsOf(context, pod);
  if (budget === undefined) return;
  if (others.length > 0) {
    const message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    throw statusError("InternalError", message);
  }
  if (mayGoUnhealthy(budget, pod)) return;
  const { namespace = "", name = "" } = budget.metadata ?? {};
  await takeDisruption(context, namespace, name, pod.metadata?.name ?? "", dryRun);
}

/** A Pod that is not ready takes nothing away from those that are (KEP-3017). */
function mayGoUnhealthy({ spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  if (isConditionTrue(pod.status?.conditions, "Ready")) return false;
  if (spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

/** Marks the Pod as disrupted and deletes it. `seen`: the state on which the decision rests, which must still hold. */
async function evict(context: ResourceContext, options: DeleteOptions, seen: StoredObject | undefined): Promise<void> {
  // The eviction was admitted; the deletion that follows from it is the server's own.
  const own: ResourceContext = { ...context, core: { ...context.core, admission: [] } };
  if (options.dryRun) {
    await deleteObject(own, context.route.name, options);
    return;
  }
  const marked = await markDisrupted(context, options, seen);
  const preconditions = { ...options.preconditions, ...(marked === undefined ? {} : { resourceVersion: String(marked.revision) }) };
  await deleteObject(own, context.route.name, { ...options, preconditions });
}

/** Errors: `Conflict` when a precondition of the eviction does not hold. */
async function markDisrupted(
  context: ResourceContext,
  options: DeleteOptions,
  seen: StoredObject | undefined,
): Promise<StoredObject | undefined> {
  const { core } = context;
  const { uid, resourceVersion } = options.preconditions;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const old = await existingState(context);
    const isOther =
      (uid !== undefined && uid !== old.metadata.uid) || (resourceVersion !== undefined && resourceVersion !== String(old.revision));
    // A Pod that left its Pending phase meanwhile would have had to ask its budget.
    const isStarted = (seen?.object as Pod | undefined)?.status?.phase === "Pending" && (old.object as Pod).status?.phase === "Running";
    if (isOther || isStarted) throw conflict(subjectOf(context, old.name));
    if (old.metadata.deletionTimestamp !== undefined) return undefined;
    const object = withDisruptionTarget(copyOf(old.object) as Pod, timestamp(core.host.clock));
    const stored = await commit({ registry: core.registry, cache: loadedCache(context), old, object, dryRun: false });
    if (stored !== undefined) {
      await core.registry.reached(stored.revision);
      return stored;
    }
    await core.registry.catchUp();
  }
  throw conflict(subjectOf(context, context.route.name));
}

function withDisruptionTarget(pod: Pod, now: string): Pod {
  const condition: PodCondition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: now,
  };
  const status = (pod.status ??= {});
  status.conditions = [...(status.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget"), condition];
  return pod;
}
