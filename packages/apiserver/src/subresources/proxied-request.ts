import { statusError, writeJson } from "@skiff/api";
import { messageOf } from "@skiff/base";
import {
  NodeUnreachableError,
  type ConnectRequest,
  type ConnectResponse,
  type ConnectTarget,
  type NodeConnector,
} from "../ports/node-connector.ts";
import type { Reply } from "../reply.ts";
import type { ResourceContext } from "../request-context.ts";
import type { ServerRequest } from "../server-request.ts";
import { rewriteHtmlLinks, rewriteLink } from "./html-links.ts";
import { answeredHeaders, passedHeaders, upgradeHeaders } from "./passed-headers.ts";
import { isUpgradeRequest } from "./web-socket-protocols.ts";

/** Longer pages are passed on as they are, with the links that they have. */
const MAX_REWRITTEN_BYTES = 5 * 1024 * 1024;

/** Passes a request to `…/proxy/…` on to whoever is behind it, and the answer back. */
export async function passOn(context: ResourceContext, connector: NodeConnector, target: ConnectTarget): Promise<Reply> {
  const { request, route } = context;
  // Without the slash at the end the page's relative links would lead one level too high; only pages have any.
  const isPage = request.method === "GET" || request.method === "HEAD";
  if (isPage && route.rawTail === "" && !request.path.endsWith("/") && !isUpgradeRequest(request.headers)) return redirectToSlash(request);
  const path = route.rawTail === "" ? "/" : route.rawTail;
  const prefix = proxyPrefix(request.path, route.rawTail);
  const isUpgrade = isUpgradeRequest(request.headers);
  const headers = isUpgrade ? upgradeHeaders(request) : passedHeaders(request);
  headers["host"] = authorityOf(target);
  headers["x-forwarded-uri"] = request.path;
  if (request.headers["host"] !== undefined) headers["x-forwarded-host"] = request.headers["host"];
  headers["x-forwarded-proto"] = "https";
  const body = isUpgrade ? undefined : await bodyOf(request);
  if (body !== undefined) headers["content-length"] = String(body.length);
  // Compressed pages could not be rewritten.
  delete headers["accept-encoding"];
  const outgoing: ConnectRequest = {
    method: request.method,
    path,
    query: request.query.toString(),
    headers,
    ...(body === undefined ? {} : { body }),
    ...(request.signal ? { signal: request.signal } : {}),
  };
  try {
    if (!isUpgrade) return await answer(await connector.request(target, outgoing), prefix, authorityOf(target));
    const connection = await connector.upgrade(target, outgoing);
    return "stream" in connection ? { type: "upgrade", ...connection } : await answer(connection, prefix, authorityOf(target));
  } catch (error) {
    if (!(error instanceof NodeUnreachableError)) throw error;
    throw statusError("ServiceUnavailable", `error trying to reach service: ${messageOf(error)}`);
  }
}

async function answer(response: ConnectResponse, prefix: string, ownAuthority: string): Promise<Reply> {
  const headers = answeredHeaders(response.headers);
  if (headers["location"] !== undefined) headers["location"] = rewriteLink(headers["location"], prefix, ownAuthority);
  const isHtml = (headers["content-type"] ?? "").startsWith("text/html") && headers["content-encoding"] === undefined;
  if (!isHtml) return { type: "stream", status: response.status, headers, body: response.body };
  const { start, rest } = await readUpTo(response.body, MAX_REWRITTEN_BYTES);
  if (rest !== undefined) return { type: "stream", status: response.status, headers, body: rest };
  const page = Buffer.from(rewriteHtmlLinks(start.toString("utf8"), prefix, ownAuthority));
  delete headers["content-length"];
  return { type: "stream", status: response.status, headers, body: once(page) };
}

/** The whole body, or, when it is longer than `limit`, all of it again as a stream. */
async function readUpTo(
  body: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ start: Buffer; rest: AsyncIterable<Uint8Array> | undefined }> {
  const iterator = body[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const next = await iterator.next();
    if (next.done) return { start: Buffer.concat(chunks), rest: undefined };
    chunks.push(next.value);
    length += next.value.length;
    if (length > limit) break;
  }
  const start = Buffer.concat(chunks);
  return { start, rest: continued(start, iterator) };
}

async function* continued(start: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield start;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

async function* once(page: Uint8Array): AsyncGenerator<Uint8Array> {
  yield page;
}

function redirectToSlash(request: ServerRequest): Reply {
  const query = request.query.toString();
  const location = `${request.path}/${query === "" ? "" : `?${query}`}`;
  return { type: "text", status: 301, contentType: "text/plain; charset=utf-8", text: "", headers: { location } };
}

/** The part of the path that leads to the proxy: `/api/v1/namespaces/default/services/web/proxy`. */
function proxyPrefix(path: string, rawTail: string): string {
  const prefix = rawTail === "" ? path : path.slice(0, Math.max(0, path.length - rawTail.length));
  return prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
}

function authorityOf(target: ConnectTarget): string {
  if (target.type === "kubelet") return target.nodeName;
  if (target.type === "extension") return target.serverName;
  return target.host.includes(":") ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

async function bodyOf({ body, method }: ServerRequest): Promise<Uint8Array | undefined> {
  if (method === "GET" || method === "HEAD" || body.type === "none") return undefined;
  if (body.type === "bytes") return body.read();
  if (body.value === undefined) return undefined;
  return body.value instanceof Uint8Array ? body.value : Buffer.from(writeJson(body.value));
}
