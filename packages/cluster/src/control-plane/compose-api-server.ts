import { podKind, serviceKind, type Pod } from "@skiff/api";
import type { Host } from "@skiff/base";
import type { Store } from "@skiff/store";
import {
  createApiServer,
  createAuthentication,
  createAuthorizer,
  createDefaultAdmission,
  createPathHandlers,
  createSubresourceHandlers,
  HttpsWebhookTransport,
  kindPrefix,
  legacyBindings,
  nodeSourceOf,
  RbacAuthorizer,
  rbacSourceOf,
  reviewResources,
  ServiceStrategy,
  StoredQuotaWriter,
  type ApiServer,
  type ClusterPki,
  type HealthCheck,
  type NodeConnector,
  type ObjectReader,
  type ServerBase,
  type ServerParts,
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
  readonly readinessChecks?: readonly HealthCheck[];
}

const RBAC_GROUP = "rbac.authorization.k8s.io";

/** The API server with everything that a cluster has from its first second: authentication, RBAC, admission, all subresources. */
export function composeApiServer(options: ComposedApiServerOptions): Promise<ApiServer> {
  return createApiServer({ host: options.host, store: options.store, compose: (base) => compose(options, base) });
}

function compose(options: ComposedApiServerOptions, base: ServerBase): ServerParts {
  const { host, pki, serviceCidr, connector, readinessChecks } = options;
  const { reader, registry, schemas, resourceOf } = base;
  const authentication = createAuthentication({ host, reader, serviceAccountKey: pki.serviceAccountKey });
  const rbac = new RbacAuthorizer(rbacSourceOf(reader, (listener) => onRbacChange(base, listener)));
  const authorizer = createAuthorizer(
    rbac,
    nodeSourceOf(reader, (nodeName) => podsOnNode(base, nodeName)),
  );
  const admission = createDefaultAdmission({
    host,
    reader,
    authorizer,
    rbac,
    quotaWriter: new StoredQuotaWriter(registry),
    webhookTransport: new HttpsWebhookTransport(reader, host.random),
    schemas,
    resourceOf,
  });
  const services = registry.cacheOf(kindPrefix(serviceKind));
  return {
    authenticators: authentication.authenticators,
    authorizer,
    admission: [admission],
    strategies:
      services === undefined ? new Map() : new Map([["/Service", new ServiceStrategy(services, host.random, { clusterIps: serviceCidr })]]),
    subresources: createSubresourceHandlers({ reader, tokens: authentication.issuer, connector: connector(reader) }),
    virtualResources: new Map([
      ...reviewResources({ authorizer, rbac, tokens: authentication.tokens, apiAudiences: authentication.apiAudiences }),
      ["/Binding", legacyBindings(base.transport)],
    ]),
    paths: createPathHandlers({ readinessChecks, tokens: { issuerUrl: authentication.issuerUrl, keys: authentication.keys } }),
  };
}

function onRbacChange({ registry }: ServerBase, listener: (namespace: string | undefined) => void): () => void {
  const stops = [...registry.caches].flatMap((cache) => {
    if (cache.kind.group !== RBAC_GROUP) return [];
    return [
      cache.observe((event) => listener(cache.kind.namespaced ? (event.current?.namespace ?? event.previous?.namespace) : undefined)),
    ];
  });
  return () => {
    for (const stop of stops) stop();
  };
}

function podsOnNode({ registry }: ServerBase, nodeName: string): readonly Pod[] {
  const pods = registry.cacheOf(kindPrefix(podKind));
  if (pods === undefined) return [];
  const selection = { namespace: "", indexed: { field: "spec.nodeName", value: nodeName }, selects: undefined };
  return Array.from(pods.objects.select(selection), ({ object }) => object as Pod);
}
