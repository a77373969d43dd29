import type { VerificationKey } from "../authn/jwt.ts";
import { jsonWebKeySet, openIdConfiguration, type DiscoveryDocument } from "../authn/openid-discovery.ts";
import type { Reply } from "../reply.ts";
import type { ServerCore } from "../server-core.ts";
import { createDiscoveryHandler } from "./discovery-paths.ts";
import { createHealthHandler, type HealthCheck } from "./health-paths.ts";
import { createOpenApiHandler } from "./open-api-paths.ts";
import type { PathHandler } from "./path-handler.ts";
import { servedGroups } from "./served-groups.ts";
import { requireRead, unknownPath } from "./read-only.ts";
import { KUBERNETES_VERSION, type VersionInfo } from "./version.ts";

/** What the paths that are about no resource answer from. */
interface PathHandlerOptions {
  /** Default {@link KUBERNETES_VERSION}. */
  readonly version?: VersionInfo;
  /** Beside `ping` and `etcd`, on all three health paths. */
  readonly healthChecks?: readonly HealthCheck[];
  /** On `/readyz` only: for example whether the bootstrap objects are there, or the server is shutting down. */
  readonly readinessChecks?: readonly HealthCheck[];
  /** The keys of service-account tokens; absent: nothing is published. */
  readonly tokens?: { readonly issuerUrl: string; readonly keys: readonly VerificationKey[] };
}

/** The handlers of all paths that are about no resource, by the first segment of the path; the root is the empty name. */
export function createPathHandlers(options: PathHandlerOptions = {}): Map<string, PathHandler> {
  const { version = KUBERNETES_VERSION, healthChecks = [], readinessChecks = [], tokens } = options;
  const discovery = createDiscoveryHandler();
  const handlers = new Map<string, PathHandler>([
    ["", exactly("/", ({ core }) => ({ type: "value", status: 200, value: { paths: allPaths(core, tokens !== undefined) } }))],
    ["api", discovery],
    ["apis", discovery],
    ["openapi", createOpenApiHandler(version.gitVersion)],
    ["version", exactly("/version", () => ({ type: "value", status: 200, value: version }))],
    ["healthz", createHealthHandler("healthz", healthChecks)],
    ["livez", createHealthHandler("livez", healthChecks)],
    ["readyz", createHealthHandler("readyz", [...healthChecks, ...readinessChecks])],
    ["metrics", exactly("/metrics", metricsReply)],
  ]);
  if (tokens === undefined) return handlers;
  const { issuerUrl, keys } = tokens;
  const keysUrl = `${issuerUrl.replace(/\/$/, "")}/openid/v1/jwks`;
  handlers.set(
    ".well-known",
    exactly("/.well-known/openid-configuration", () => documentReply(openIdConfiguration(issuerUrl, keysUrl))),
  );
  handlers.set(
    "openid",
    exactly("/openid/v1/jwks", () => documentReply(jsonWebKeySet(keys))),
  );
  return handlers;
}

function exactly(path: string, handle: PathHandler): PathHandler {
  return (context) => {
    requireRead(context);
    if (`/${context.route.segments.join("/")}` !== path) throw unknownPath();
    return handle(context);
  };
}

async function metricsReply({ core }: { readonly core: ServerCore }): Promise<Reply> {
  const { contentType, text } = await core.metrics.text();
  return { type: "text", status: 200, contentType, text };
}

function documentReply({ body, contentType, cacheControl }: DiscoveryDocument): Reply {
  return { type: "text", status: 200, contentType, text: JSON.stringify(body), headers: { "cache-control": cacheControl } };
}

function allPaths(core: ServerCore, publishesKeys: boolean): string[] {
  const groups = servedGroups(core);
  const versions = groups.flatMap(({ group, versions }) => {
    const root = group === "" ? "/api" : `/apis/${group}`;
    return [root, ...versions.map((version) => `${root}/${version}`)];
  });
  const checks = ["/healthz", "/livez", "/readyz"].flatMap((path) => [path, `${path}/etcd`, `${path}/ping`]);
  const keys = publishesKeys ? ["/.well-known/openid-configuration", "/openid/v1/jwks"] : [];
  return [...new Set(["/apis", ...versions, ...checks, ...keys, "/metrics", "/openapi/v2", "/openapi/v3", "/version"])].sort();
}
