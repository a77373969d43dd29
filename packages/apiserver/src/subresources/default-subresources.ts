import type { TokenIssuer } from "../authn/token-issuer.ts";
import type { ObjectReader } from "../object-reader.ts";
import type { NodeConnector } from "../ports/node-connector.ts";
import { podBindingHandler } from "./pod-binding.ts";
import { podEvictionHandler } from "./pod-eviction.ts";
import { podLogHandler } from "./pod-log.ts";
import { podPortForwardHandler, podStreamHandler } from "./pod-streams.ts";
import { nodeProxyHandler, podProxyHandler, serviceProxyHandler } from "./proxies.ts";
import { scaleHandler } from "./scale.ts";
import { serviceAccountTokenHandler } from "./service-account-token.ts";
import type { SubresourceHandler } from "./subresource-handler.ts";

/** What the subresources need. */
interface SubresourceParts {
  readonly reader: ObjectReader;
  /** How nodes and Pods are reached. */
  readonly connector: NodeConnector;
  /** Issues the tokens of service accounts. */
  readonly tokens: TokenIssuer;
}

/**
 * What answers the subresources that are more than a part of the object, by their names. Those that are such a part
 * (`status`, `approval`, `ephemeralcontainers`, `resize`, `finalize`) the pipeline answers itself.
 */
export function createSubresourceHandlers({ reader, connector, tokens }: SubresourceParts): ReadonlyMap<string, SubresourceHandler> {
  return new Map<string, SubresourceHandler>([
    ["scale", scaleHandler],
    ["pods/binding", podBindingHandler],
    ["pods/eviction", podEvictionHandler],
    ["pods/log", podLogHandler(connector)],
    ["pods/exec", podStreamHandler(connector, "exec")],
    ["pods/attach", podStreamHandler(connector, "attach")],
    ["pods/portforward", podPortForwardHandler(connector)],
    ["pods/proxy", podProxyHandler(connector)],
    ["services/proxy", serviceProxyHandler(connector, reader)],
    ["nodes/proxy", nodeProxyHandler(connector)],
    ["serviceaccounts/token", serviceAccountTokenHandler(tokens)],
  ]);
}
