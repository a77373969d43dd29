import type { IncomingMessage, ServerResponse } from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { drained, listenOn, messageOf, type Logger } from "@skiff/base";
import type { Kubelet } from "../kubelet.ts";
import { nodeAccess, type NodeAccess } from "../server/kubelet-authorization.ts";
import { kubeletHandler, type KubeletHandler } from "../server/kubelet-handler.ts";
import { KubeletRequestError, type KubeletUser } from "../server/kubelet-request.ts";
import { isStreamPath, runtimeStreamUrl } from "../server/runtime-stream.ts";

const MAX_HEADER_BYTES = 64 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 1000;

/** How the kubelet's server listens and whom it trusts. */
interface KubeletServerOptions {
  readonly kubelet: Kubelet;
  readonly log: Logger;
  /** Default: every address. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** PEM; certificates that it signed prove who a client is. */
  readonly clientAuthority: string;
  /** Who holds a bearer token (a TokenReview); undefined when nobody does. */
  readonly authenticateToken?: (token: string) => Promise<KubeletUser | undefined>;
  /** Whether someone may use one of the node's subresources (a SubjectAccessReview). */
  readonly authorize: (user: KubeletUser, access: NodeAccess) => Promise<boolean>;
}

/** A server that listens. */
export interface KubeletServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves the kubelet's API over HTTPS. Errors: rejects when the port is taken or the certificate is no good. */
export async function serveKubelet(options: KubeletServerOptions): Promise<KubeletServer> {
  const handler = kubeletHandler(options.kubelet);
  const server = https.createServer({
    cert: options.certificate,
    key: options.key,
    ca: options.clientAuthority,
    requestCert: true,
    // Clients without a certificate may show a token; who shows neither gets 401.
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("request", (request, response) => {
    answer(options, handler, request, response).catch((error: unknown) => {
      if (!(error instanceof KubeletRequestError)) options.log.warn("a request to the kubelet failed", { error: messageOf(error) });
      // The status may be out already: a cut connection is the only way left to say that the answer is not whole.
      if (response.headersSent) response.destroy();
      else answerProblem(response, error);
    });
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A client that goes away in the middle is no reason to end the process.
    socket.on("error", () => socket.destroy());
    passOn(options, request, socket, head).catch((error: unknown) => refuse(socket, error));
  });
  const onError = (error: Error): void => options.log.error("the listening socket of the kubelet failed", { error: messageOf(error) });
  const port = await listenOn(server, options.port, options.host, onError);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function answer(
  options: KubeletServerOptions,
  handler: KubeletHandler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort(new Error("the client has gone")));
  const { path, query } = pathOf(request);
  await requireAccess(options, request, path);
  const { status, contentType, body } = await handler({
    method: request.method ?? "GET",
    path,
    query,
    signal: gone.signal,
  });
  response.writeHead(status, { "content-type": contentType });
  if (typeof body === "string") {
    response.end(body);
    return;
  }
  // Headers go out at once, so that a client that follows a quiet log knows that it is connected.
  response.flushHeaders();
  for await (const chunk of body) {
    if (gone.signal.aborted) break;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

function answerProblem(response: ServerResponse, error: unknown): void {
  const [status, message] = error instanceof KubeletRequestError ? [error.status, error.message] : [500, "Internal Server Error"];
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${message}\n`);
}

/** Errors: a {@link KubeletRequestError} for who asks without a name, or may not. */
async function requireAccess(options: KubeletServerOptions, request: IncomingMessage, path: string): Promise<void> {
  const user = await authenticate(options, request);
  if (user === undefined) throw new KubeletRequestError(401, "Unauthorized");
  const access = nodeAccess(request.method ?? "GET", path);
  if (await options.authorize(user, access)) return;
  const { verb, subresources } = access;
  throw new KubeletRequestError(
    403,
    `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(" ")}])`,
  );
}

async function authenticate(options: KubeletServerOptions, request: IncomingMessage): Promise<KubeletUser | undefined> {
  const socket = request.socket as TLSSocket;
  if (socket.authorized) {
    const { subject } = socket.getPeerCertificate();
    const groups = subject.O === undefined ? [] : Array.isArray(subject.O) ? subject.O : [subject.O];
    const name = Array.isArray(subject.CN) ? subject.CN[0] : subject.CN;
    if (name) return { name, groups: [...groups, "system:authenticated"] };
  }
  const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "") ?? [];
  return token === undefined ? undefined : options.authenticateToken?.(token);
}

/** Passes an upgraded connection on to the runtime's streaming server, byte for byte, whatever protocol it speaks. */
async function passOn(options: KubeletServerOptions, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const { path, query } = pathOf(request);
  await requireAccess(options, request, path);
  if (!isStreamPath(path)) throw new KubeletRequestError(404, "404: Page Not Found");
  const target = new URL(await runtimeStreamUrl(options.kubelet, path, query));
  const backend = net.connect({ host: target.hostname.replace(/^\[|\]$/g, ""), port: Number(target.port || 80), allowHalfOpen: true });
  const end = (): void => {
    socket.destroy();
    backend.destroy();
  };
  backend.on("error", (error) => {
    if (backend.bytesRead === 0) refuse(socket, error);
    end();
  });
  backend.on("connect", () => {
    backend.write(requestText(request, target));
    if (head.length > 0) backend.write(head);
    socket.pipe(backend);
    backend.pipe(socket);
  });
  // Half-closed connections must not linger: when one side is wholly gone, so is the other.
  socket.on("close", end);
  backend.on("close", end);
}

/** The request as it came, but for the host and the credentials, which are none of the runtime's business. */
function requestText(request: IncomingMessage, target: URL): string {
  const lines = [`${request.method} ${target.pathname}${target.search} HTTP/1.1`, `Host: ${target.host}`];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? "";
    if (!["host", "authorization"].includes(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function refuse(socket: Duplex, error: unknown): void {
  if (socket.destroyed) return;
  const status = error instanceof KubeletRequestError ? error.status : 500;
  const body = `${messageOf(error)}\n`;
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/**
 * The once-decoded path, on which both authorisation and routing go, and the query. Errors: a {@link KubeletRequestError} for
 * what is no path, and for escapes that stand for nothing.
 */
function pathOf({ url = "/" }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const base = "https://kubelet";
  if (!URL.canParse(url, base)) throw new KubeletRequestError(400, "the path cannot be read");
  const { pathname, searchParams } = new URL(url, base);
  try {
    return { path: decodeURIComponent(pathname), query: searchParams };
  } catch {
    throw new KubeletRequestError(400, "the path is not properly encoded");
  }
}
