import { statusError, type APIService, writeJson } from "@skiff/api";
import { NodeUnreachableError, type ConnectRequest } from "../ports/node-connector.ts";
import type { Reply } from "../reply.ts";
import type { RequestContext } from "../request-context.ts";
import { answeredHeaders, passedHeaders, upgradeHeaders } from "../subresources/passed-headers.ts";
import { isUpgradeRequest } from "../subresources/web-socket-protocols.ts";
import type { UserInfo } from "../user.ts";
import type { AggregatedApis } from "./aggregated-apis.ts";
import type { NodeConnector } from "../ports/node-connector.ts";

/** Extension servers, and how to ask them. */
export interface Aggregation {
  readonly apis: AggregatedApis;
  readonly connector: NodeConnector;
}

/**
 * Passes a request on to the extension server behind an APIService, as the user who asks: authenticated and authorised here, named
 * in `X-Remote-*` headers there. Redirects are passed back, never followed (CVE-2020-8559).
 *
 * Errors: `ServiceUnavailable` when nobody answers.
 */
export async function passToExtension(context: RequestContext, { apis, connector }: Aggregation, service: APIService): Promise<Reply> {
  const { request, user } = context;
  const target = apis.targetOf(service);
  const isUpgrade = isUpgradeRequest(request.headers);
  const body = isUpgrade ? undefined : await bodyOf(context);
  const outgoing: ConnectRequest = {
    method: request.method,
    path: request.path,
    query: request.query.toString(),
    headers: {
      ...(isUpgrade ? upgradeHeaders(request) : passedHeaders(request)),
      ...identityHeaders(user),
      host: target.type === "extension" ? target.serverName : "",
      ...(body === undefined ? {} : { "content-length": String(body.length) }),
    },
    ...(body === undefined ? {} : { body }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  };
  try {
    const answer = isUpgrade ? await connector.upgrade(target, outgoing) : await connector.request(target, outgoing);
    if ("stream" in answer) return { type: "upgrade", ...answer };
    return { type: "stream", status: answer.status, headers: answeredHeaders(answer.headers), body: answer.body };
  } catch (error) {
    if (!(error instanceof NodeUnreachableError)) throw error;
    context.core.host.log.warn("an extension server was not reached", { name: service.metadata?.name, error: error.message });
    throw statusError("ServiceUnavailable", "error trying to reach service", { retryAfterSeconds: 1 });
  }
}

/** Who asks, for servers that believe the front proxy's certificate. */
function identityHeaders({ name, uid, groups, extra = {} }: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "x-remote-user": name, "x-remote-group": [...groups] };
  if (uid !== undefined) headers["x-remote-uid"] = uid;
  for (const [key, values] of Object.entries(extra)) headers[`x-remote-extra-${encodeURIComponent(key.toLowerCase())}`] = [...values];
  return headers;
}

async function bodyOf({ request: { body, method } }: RequestContext): Promise<Uint8Array | undefined> {
  if (method === "GET" || method === "HEAD" || body.type === "none") return undefined;
  if (body.type === "bytes") return body.read();
  return body.value === undefined ? undefined : Buffer.from(writeJson(body.value));
}
