import { componentHost } from "@skiff/base";
import {
  allKinds,
  ALL_VERBS,
  apiServiceKind,
  builtInSchemas,
  customResourceDefinitionKind,
  type KindDefinition,
  type Transport,
} from "@skiff/api";
import { Client } from "@skiff/client";
import type { WebhookTransport } from "./admission/webhook/webhook-transport.ts";
import { AggregatedApis } from "./aggregation/aggregated-apis.ts";
import type { ApiServerOptions, ServerBase, ServerParts } from "./api-server-options.ts";
import { CustomResourceDefinitions } from "./crd/custom-resource-definitions.ts";
import { InProcessTransport } from "./in-process-transport.ts";
import type { ObjectReader } from "./object-reader.ts";
import { handleRequest } from "./pipeline.ts";
import { CacheReader } from "./registry/cache-reader.ts";
import { ContinueTokens } from "./registry/continue-token.ts";
import { ObjectRegistry } from "./registry/object-registry.ts";
import { kindPrefix } from "./registry/store-keys.ts";
import type { WatchCache } from "./registry/watch-cache.ts";
import type { Reply } from "./reply.ts";
import { ServedResources, type ResourceSource } from "./served-resources.ts";
import type { ServerCore } from "./server-core.ts";
import type { ServerRequest } from "./server-request.ts";
import { InFlightLimiter } from "./stages/limit.ts";
import { BUILT_IN_STRATEGIES } from "./strategies/built-in-strategies.ts";
import { componentStatuses } from "./surfaces/component-statuses.ts";
import { RequestMetrics } from "./surfaces/request-metrics.ts";
import type { UserInfo } from "./user.ts";

/** As whom the server itself writes. */
const SERVER_USER: UserInfo = { name: "system:apiserver", groups: ["system:masters", "system:authenticated"] };

/** A running API server, without a network front. */
export interface ApiServer {
  readonly core: ServerCore;
  /** The caches, synchronously. */
  readonly reader: ObjectReader;
  /** Answers a request, whichever way it came. Never rejects. */
  handle(request: ServerRequest): Promise<Reply>;
  /** A way in without a network, as `user`. The user agent's first part is the default field manager. */
  transport(user: UserInfo, userAgent?: string): Transport;
  /**
   * Serves a further kind from now on; its schema must be in the registry. `structural` for custom resources. Rejects
   * when the store cannot be read.
   */
  addKind(kind: KindDefinition, options?: Pick<ResourceSource, "structural" | "servedVersions">): Promise<void>;
  /** Stops to serve a kind and ends its watches. What is in the store stays there. */
  removeKind(kind: KindDefinition): void;
  /** Ends all watches and the watch on the store. Requests after it fail with `ServiceUnavailable`. */
  stop(): void;
}

/** Starts an API server: resolves when all caches are filled. Rejects when the store cannot be read. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { host, store, kinds = allKinds, schemas = builtInSchemas() } = options;
  const registry = new ObjectRegistry(host, store, options.historyLimits);
  const caches = await Promise.all(kinds.filter(isStored).map(async (kind) => [kind, await registry.add(kind)] as const));
  await registry.start();
  const cacheOf = new Map(caches);

  const resources = new ServedResources();
  const reader = new CacheReader(registry);
  const metrics = new RequestMetrics(host.clock);
  let core: ServerCore | undefined;
  const handle = (request: ServerRequest): Promise<Reply> => {
    if (core === undefined) return Promise.reject(new Error("a part of the server sent a request while it was being made"));
    return handleRequest(core, request);
  };
  const transport = (user: UserInfo, userAgent?: string): Transport =>
    new InProcessTransport(handle, { user, ...(userAgent === undefined ? {} : { userAgent }) });
  const resourceOf: ServerBase["resourceOf"] = (apiVersion, kind) => resources.byApiVersion(apiVersion, kind)?.kind;
  const parts = (await options.compose?.({ host, store, schemas, reader, registry, resources, metrics, resourceOf, transport })) ?? {};

  const builtInVirtual = new Map([["/ComponentStatus", componentStatuses(registry)]]);
  for (const kind of kinds) {
    const virtual = parts.virtualResources?.get(`${kind.group}/${kind.kind}`) ?? builtInVirtual.get(`${kind.group}/${kind.kind}`);
    resources.add(kind, { cache: cacheOf.get(kind), virtual });
  }
  if (options.removedVersions) resources.addRemovedVersions();
  const apiServices = cacheOf.get(apiServiceKind as KindDefinition);
  const aggregation =
    parts.extensions === undefined || apiServices === undefined
      ? undefined
      : {
          connector: parts.extensions,
          apis: new AggregatedApis({
            host: componentHost(host, "aggregator"),
            cache: apiServices,
            reader,
            resources,
            connector: parts.extensions,
            client: new Client(transport(SERVER_USER, "kube-aggregator")),
          }),
        };
  core = assemble(options, parts, { host, registry, resources, schemas, metrics, aggregation });
  const definitions = cacheOf.get(customResourceDefinitionKind as KindDefinition);
  const customResources = startCustomResources(core, definitions, transport, parts.conversionWebhooks);
  await customResources?.settled();
  aggregation?.apis.start();
  return {
    core,
    reader,
    handle,
    transport,
    addKind: (kind, source) => addKind(registry, resources, kind, source),
    removeKind: (kind) => removeKind(registry, resources, kind),
    stop() {
      aggregation?.apis.stop();
      customResources?.stop();
      registry.stop();
    },
  };
}

async function addKind(registry: ObjectRegistry, resources: ServedResources, kind: KindDefinition, source?: ResourceSource): Promise<void> {
  resources.add(kind, { ...source, cache: await registry.add(kind, source?.versions !== undefined) });
}

function removeKind(registry: ObjectRegistry, resources: ServedResources, kind: KindDefinition): void {
  const cache = [...registry.caches].find((each) => each.kind === kind);
  resources.remove(kind);
  if (cache !== undefined) registry.remove(cache);
}

/** Custom kinds, where the server keeps their definitions. */
function startCustomResources(
  core: ServerCore,
  cache: WatchCache | undefined,
  transport: (user: UserInfo, userAgent?: string) => Transport,
  webhooks: WebhookTransport | undefined,
): CustomResourceDefinitions | undefined {
  if (cache === undefined) return undefined;
  const { host, registry, resources, schemas } = core;
  const customResources = new CustomResourceDefinitions({
    host: componentHost(host, "custom-resources"),
    schemas,
    resources,
    cache,
    webhooks,
    client: new Client(transport(SERVER_USER, "kube-apiserver")),
    addKind: (kind, source) => addKind(registry, resources, kind, source),
    removeKind: (kind) => removeKind(registry, resources, kind),
    cacheOf: (kind) => registry.cacheOf(kindPrefix(kind)),
  });
  customResources.start();
  return customResources;
}

function assemble(
  options: ApiServerOptions,
  parts: ServerParts,
  base: Pick<ServerCore, "host" | "registry" | "resources" | "schemas" | "metrics" | "aggregation">,
): ServerCore {
  return {
    ...base,
    authenticators: parts.authenticators ?? [],
    authorizer: parts.authorizer,
    admission: parts.admission ?? [],
    limiter: new InFlightLimiter(options.inFlightLimits),
    continueTokens: new ContinueTokens(options.continueKey ?? base.host.random.bytes(32)),
    yaml: options.yaml,
    audit: options.audit,
    strategies: new Map([...BUILT_IN_STRATEGIES, ...(parts.strategies ?? [])]),
    subresources: parts.subresources ?? new Map(),
    paths: parts.paths ?? new Map(),
    watchesByUser: new Map(),
  };
}

/** Reviews, bindings and their like have no objects that could be watched. */
function isStored(kind: KindDefinition): boolean {
  return (kind.verbs ?? ALL_VERBS).includes("watch");
}
