import type { ServerBase, ServerParts } from "../api-server-options.ts";
import { createDefaultAdmission } from "../admission/default-plugins.ts";
import { createAuthentication } from "../authn/default-authentication.ts";
import { createAuthorizer } from "../authz/default-authorizer.ts";
import { RbacAuthorizer } from "../authz/rbac/rbac-authorizer.ts";
import { reviewResources } from "../authz/review-resources.ts";
import { generateKeyPair, type KeyPair } from "../pki/node-crypto.ts";
import type { NodeConnector } from "../ports/node-connector.ts";
import { cachedNodeSource, cachedRbacSource } from "../ports/registry-sources.ts";
import { StoredQuotaWriter } from "../ports/stored-quota-writer.ts";
import { ServiceStrategy, type ServiceRanges } from "../services/service-strategy.ts";
import { createPathHandlers } from "../surfaces/path-handlers.ts";
import { legacyBindings } from "../subresources/legacy-binding.ts";
import { createSubresourceHandlers } from "../subresources/default-subresources.ts";

/** What a test may exchange. */
interface FullServerOptions {
  readonly connector: NodeConnector;
  readonly ranges?: ServiceRanges;
  /** Signs service-account tokens. Default: a new one. */
  readonly serviceAccountKey?: KeyPair;
  /** Default: webhooks cannot be reached. */
  readonly post?: (url: string, body: unknown) => unknown;
}

/** For `startTestApiServer({ compose })`: a server with everything that a real one has, but nodes and webhooks. */
export function fullServer({
  connector,
  ranges,
  post,
  serviceAccountKey = generateKeyPair(),
}: FullServerOptions): (base: ServerBase) => ServerParts {
  return ({ host, reader, registry, schemas, resourceOf, transport }) => {
    const authentication = createAuthentication({ host, reader, serviceAccountKey });
    const rbac = new RbacAuthorizer(cachedRbacSource(reader, registry));
    const authorizer = createAuthorizer(rbac, cachedNodeSource(reader, registry));
    const admission = createDefaultAdmission({
      host,
      reader,
      authorizer,
      rbac,
      schemas,
      resourceOf,
      quotaWriter: new StoredQuotaWriter(registry),
      webhookTransport: {
        post: async (target, body) => (post === undefined ? Promise.reject(new Error("unreachable")) : post(target.url, body)),
      },
    });
    const services = registry.cacheOf("/registry/core/services/");
    return {
      authenticators: authentication.authenticators,
      authorizer,
      admission: [admission],
      strategies: services === undefined ? new Map() : new Map([["/Service", new ServiceStrategy(services, host.random, ranges)]]),
      subresources: createSubresourceHandlers({ reader, connector, tokens: authentication.issuer }),
      virtualResources: new Map([
        ...reviewResources({ authorizer, rbac, tokens: authentication.tokens, apiAudiences: authentication.apiAudiences }),
        ["/Binding", legacyBindings(transport)],
      ]),
      paths: createPathHandlers({ tokens: authentication }),
    };
  };
}
