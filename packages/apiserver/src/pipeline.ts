import { messageOf } from "@skiff/base";
import { internalError, statusError, StatusError, type APIService, type Status } from "@skiff/api";
import { CorruptRecordError, StoreUnavailableError } from "@skiff/store";
import { passToExtension } from "./aggregation/pass-to-extension.ts";
import { AuditTrail } from "./audit/audit-trail.ts";
import { impersonate } from "./authn/impersonation.ts";
import { requireAcceptable } from "./render/representation.ts";
import type { Reply } from "./reply.ts";
import type { RequestContext, ResourceContext } from "./request-context.ts";
import type { ServerCore } from "./server-core.ts";
import type { ServerRequest } from "./server-request.ts";
import type { ServedResource } from "./served-resources.ts";
import { authenticate } from "./stages/authenticate.ts";
import { authorise } from "./stages/authorise.ts";
import { resolveRoute, type Route } from "./stages/route.ts";
import { UNKNOWN_REQUEST, type RequestLabels } from "./surfaces/request-metrics.ts";
import type { UserInfo } from "./user.ts";
import { create } from "./verbs/create.ts";
import { deleteCollection } from "./verbs/delete-collection.ts";
import { remove } from "./verbs/delete.ts";
import { get } from "./verbs/get.ts";
import { list } from "./verbs/list.ts";
import { methodNotAllowed } from "./verbs/object-target.ts";
import { patch } from "./verbs/patch.ts";
import { update } from "./verbs/update.ts";
import { watch } from "./verbs/watch.ts";
import type { SubresourceHandler } from "./subresources/subresource-handler.ts";

/** What answers each verb on a resource itself. */
const VERBS: ReadonlyMap<string, SubresourceHandler> = new Map<string, SubresourceHandler>([
  ["get", get],
  ["list", list],
  ["watch", watch],
  ["create", create],
  ["update", update],
  ["patch", patch],
  ["delete", remove],
  ["deletecollection", deleteCollection],
]);

/** Subresources that are a part of the object and written with the whole object as the body; a GET shows all of it. */
const OBJECT_SUBRESOURCES: ReadonlyMap<string, readonly string[]> = new Map([
  ["status", ["get", "update", "patch"]],
  ["approval", ["get", "update", "patch"]],
  ["ephemeralcontainers", ["get", "update", "patch"]],
  ["resize", ["get", "update", "patch"]],
  ["finalize", ["update"]],
]);

/** When a client is to try again whose request met a store that did not work. */
const STORE_RETRY_SECONDS = 1;

/**
 * The life of a request: route → authenticate → impersonate → limit → authorise → answer. What is behind each verb is in
 * the file of its name below `verbs/`.
 *
 * Never rejects: errors are answers too. Whatever is not a `StatusError` is a mistake of ours; it is logged and becomes
 * an `InternalError`.
 */
export async function handleRequest(core: ServerCore, request: ServerRequest): Promise<Reply> {
  const answered = request.internal ? undefined : core.metrics.begin();
  const trail = core.audit === undefined ? undefined : new AuditTrail(core.host, request);
  const warnings = new Set<string>();
  let labels = UNKNOWN_REQUEST;
  let reply: Reply;
  try {
    const route = resolveRoute(request.method, request.path, request.query);
    if (trail !== undefined) trail.route = route;
    const resource = route.isResourceRequest ? core.resources.find(route.group, route.version, route.resource) : undefined;
    labels = labelsOf(route, resource);
    const user = await identify(core, request, trail);
    const leave = request.internal || isLongRunning(route) ? undefined : core.limiter.enter(isMutating(route));
    try {
      authorise({ ...route, user }, core.authorizer);
      trail?.allowed();
      reply = await answer({ core, request, route, user, warnings }, resource);
    } finally {
      leave?.();
    }
  } catch (error) {
    reply = errorReply(core, request, error);
  }
  answered?.(labels, statusOf(reply));
  if (trail !== undefined) core.audit?.write(trail.end(reply));
  return warnings.size === 0 ? reply : { ...reply, warnings: [...warnings] };
}

/** Who asks, or for whom. */
async function identify(core: ServerCore, request: ServerRequest, trail: AuditTrail | undefined): Promise<UserInfo> {
  const asker = await authenticate(request, core.authenticators);
  if (trail !== undefined) trail.user = asker;
  const user = core.authorizer === undefined ? asker : impersonate(asker, request.headers, core.authorizer);
  if (trail !== undefined && user !== asker) trail.impersonated = user;
  return user;
}

async function answer(context: RequestContext, resource: ServedResource | undefined): Promise<Reply> {
  const { core, route } = context;
  const extension = resource === undefined || resource.virtual?.givesWay === true ? extensionOf(context) : undefined;
  if (extension !== undefined && core.aggregation !== undefined) return passToExtension(context, core.aggregation, extension);
  if (!route.isResourceRequest || resource === undefined) {
    const handler = core.paths.get(route.isResourceRequest ? "" : (route.segments[0] ?? ""));
    if (handler === undefined || route.isResourceRequest) throw notServed();
    return handler(context);
  }
  if (resource.deprecation !== undefined) context.warnings.add(resource.deprecation);
  if (!context.request.internal) requireAcceptable(context.request.headers["accept"], route, resource);
  const target: ResourceContext = { ...context, resource };
  return (route.subresource === "" ? verbHandler(target) : subresourceHandler(target))(target);
}

/** The APIService that hands the request's group and version over; what the server serves itself comes first, unless it gives way. */
function extensionOf({ core, route }: RequestContext): APIService | undefined {
  const { aggregation, resources } = core;
  if (aggregation === undefined) return undefined;
  const [root, group, version] = route.isResourceRequest ? ["apis", route.group, route.version] : route.segments;
  if (root !== "apis" || !group || !version) return undefined;
  if (resources.inVersion(group, version)?.some(({ virtual }) => virtual?.givesWay !== true)) return undefined;
  return aggregation.apis.find(group, version);
}

function verbHandler(context: ResourceContext): SubresourceHandler {
  const { route, resource } = context;
  // Only namespaced kinds have paths below a namespace, and only those with a name below one that has none.
  if (!resource.kind.namespaced && route.namespace !== "" && resource.kind.plural !== "namespaces") throw notServed();
  if (resource.kind.namespaced && route.namespace === "" && ["get", "update", "patch", "delete"].includes(route.verb)) throw notServed();
  const handler = VERBS.get(route.verb);
  if (handler === undefined || !(resource.verbs as ReadonlySet<string>).has(route.verb)) throw methodNotAllowed(context);
  return handler;
}

function subresourceHandler(context: ResourceContext): SubresourceHandler {
  const { core, route, resource } = context;
  const { kind } = resource;
  const [name = ""] = route.subresource.split("/", 1);
  const isServed =
    (name === "status" && kind.statusSubresource) ||
    (name === "scale" && kind.scale !== undefined) ||
    (kind.subresources ?? []).includes(name);
  if (!isServed || route.name === "" || (kind.namespaced && route.namespace === "")) throw notServed();
  const qualified = `${kind.plural}${kind.group === "" ? "" : `.${kind.group}`}/${name}`;
  const handler = core.subresources.get(qualified) ?? core.subresources.get(name);
  if (handler !== undefined) return handler;
  const verbs = OBJECT_SUBRESOURCES.get(route.subresource);
  if (verbs === undefined) throw notServed();
  const verb = verbs.includes(route.verb) ? VERBS.get(route.verb) : undefined;
  if (verb === undefined) throw methodNotAllowed(context);
  return verb;
}

function notServed(): StatusError {
  return statusError("NotFound", "the server could not find the requested resource", {});
}

function errorReply(core: ServerCore, request: ServerRequest, error: unknown): Reply {
  const known = error instanceof StatusError ? error : storeFailure(core, request, error);
  if (known !== undefined) return { type: "value", status: known.code, value: known.status };
  core.host.log.error("a request failed", { method: request.method, path: request.path, error });
  const { status } = internalError(messageOf(error));
  return { type: "value", status: 500, value: status satisfies Status };
}

/**
 * The store failed: no mistake of ours, and never a conflict. Whether a write happened is unknown; clients are to come back,
 * as after upstream's failures of etcd. A damaged record stays damaged, so nobody is asked to wait for it.
 */
function storeFailure(core: ServerCore, request: ServerRequest, error: unknown): StatusError | undefined {
  if (!(error instanceof StoreUnavailableError)) return undefined;
  core.host.log.error("the store failed", { method: request.method, path: request.path, error: messageOf(error) });
  if (error instanceof CorruptRecordError) return statusError("StorageReadError", `the stored data cannot be read: ${error.message}`);
  return statusError("ServiceUnavailable", `the store is not available: ${error.message}`, { retryAfterSeconds: STORE_RETRY_SECONDS });
}

function isLongRunning({ verb, subresource }: Route): boolean {
  return verb === "watch" || ["attach", "exec", "log", "portforward", "proxy"].includes(subresource);
}

function isMutating({ verb }: Route): boolean {
  return !["get", "list", "watch", "head", "options"].includes(verb);
}

function statusOf(reply: Reply): number {
  return "status" in reply ? reply.status : 200;
}

function labelsOf(route: Route, resource: ServedResource | undefined): RequestLabels {
  if (!route.isResourceRequest)
    return { ...UNKNOWN_REQUEST, verb: ["get", "post", "put", "head"].includes(route.verb) ? route.verb : "other" };
  if (resource === undefined) return UNKNOWN_REQUEST;
  const { verb, group, version, resource: plural, namespace, name } = route;
  const isKnown =
    route.subresource === "" || (resource.kind.subresources ?? ["status", "scale"]).concat("status", "scale").includes(route.subresource);
  const scope = name !== "" ? "resource" : namespace !== "" ? "namespace" : "cluster";
  return { verb: VERBS.has(verb) ? verb : "other", group, version, resource: plural, subresource: isKnown ? route.subresource : "", scope };
}
