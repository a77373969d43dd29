import { addMetricsSchemas, allKinds, builtInSchemas, metricsKinds, serviceKind } from "@skiff/api";
import { componentHost, type Host } from "@skiff/base";
import type { Store } from "@skiff/store";
import {
  cachedNodeSource,
  cachedRbacSource,
  createApiServer,
  createAuthentication,
  createAuthorizer,
  createDefaultAdmission,
  createPathHandlers,
  createResourceMetrics,
  createSubresourceHandlers,
  HttpsWebhookTransport,
  kindPrefix,
  legacyBindings,
  RbacAuthorizer,
  reviewResources,
  ServiceStrategy,
  StoredQuotaWriter,
  type ApiServer,
  type AuditSink,
  type ClusterPki,
  type HealthCheck,
  type NodeConnector,
  type ObjectReader,
  type ResourceMetrics,
  type ServerBase,
  type ServerParts,
  type YamlDecoder,
} from "@skiff/apiserver";

/** What the API server of a cluster is made of. */
export interface ComposedApiServerOptions {
  readonly host: Host;
  readonly store: Store;
  readonly pki: ClusterPki;
  /** Where Services get their addresses. */
  readonly serviceCidr: string;
  /** How to reach kubelets and Pods; made from the server's own view of nodes. */
  readonly connector: (reader: ObjectReader) => NodeConnector;
  /** True: APIServices are kept and their extension servers reached, through the same connector. */
  readonly aggregates?: boolean;
  readonly readinessChecks?: readonly HealthCheck[];
  /** Reads large YAML documents; absent: they are read in place. */
  readonly yaml?: YamlDecoder;
  /** Whether API versions that upstream has removed are served as well. Default true. */
  readonly removedVersions?: boolean;
  /** Gets a record of every request; absent: nothing is recorded. */
  readonly audit?: AuditSink;
}

/** The API server with everything that a cluster has from its first second: authentication, RBAC, admission, all subresources. */
export async function composeApiServer(options: ComposedApiServerOptions): Promise<ApiServer> {
  const { host, store, yaml, audit, removedVersions = true } = options;
  const schemas = builtInSchemas();
  addMetricsSchemas(schemas);
  let stopMetrics = (): void => {};
  const server = await createApiServer({
    host,
    store,
    kinds: [...allKinds, ...metricsKinds],
    schemas,
    removedVersions,
    ...(yaml === undefined ? {} : { yaml }),
    ...(audit === undefined ? {} : { audit }),
    compose: (base) => {
      const connector = options.connector(base.reader);
      const metrics = createResourceMetrics({ host: componentHost(host, "resource-metrics"), reader: base.reader, connector });
      stopMetrics = () => metrics.stop();
      return compose(options, base, connector, metrics);
    },
  });
  return {
    ...server,
    stop() {
      stopMetrics();
      server.stop();
    },
  };
}

function compose(options: ComposedApiServerOptions, base: ServerBase, nodeConnector: NodeConnector, metrics: ResourceMetrics): ServerParts {
  const { host, pki, serviceCidr, readinessChecks } = options;
  const { reader, registry, schemas, resourceOf } = base;
  const authentication = createAuthentication({ host, reader, serviceAccountKey: pki.serviceAccountKey });
  const rbac = new RbacAuthorizer(cachedRbacSource(reader, registry));
  const authorizer = createAuthorizer(rbac, cachedNodeSource(reader, registry));
  const webhookTransport = new HttpsWebhookTransport(reader, host.random);
  const admission = createDefaultAdmission({
    host,
    reader,
    authorizer,
    rbac,
    quotaWriter: new StoredQuotaWriter(registry),
    webhookTransport,
    schemas,
    resourceOf,
  });
  const services = registry.cacheOf(kindPrefix(serviceKind));
  return {
    authenticators: authentication.authenticators,
    authorizer,
    admission: [admission],
    conversionWebhooks: webhookTransport,
    ...(options.aggregates === true ? { extensions: nodeConnector } : {}),
    strategies:
      services === undefined ? new Map() : new Map([["/Service", new ServiceStrategy(services, host.random, { clusterIps: serviceCidr })]]),
    subresources: createSubresourceHandlers({ reader, tokens: authentication.issuer, connector: nodeConnector }),
    virtualResources: new Map([
      ...reviewResources({ authorizer, rbac, tokens: authentication.tokens, apiAudiences: authentication.apiAudiences }),
      ["/Binding", legacyBindings(base.transport)],
      ...metrics.virtualResources,
    ]),
    paths: createPathHandlers({ readinessChecks, tokens: { issuerUrl: authentication.issuerUrl, keys: authentication.keys } }),
  };
}
