import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Socket } from "node:net";
import { Transform, type Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Logger } from "@skiff/base";
import { affinityOf, Balancer } from "./balancer.ts";
import { decide, mayRetry, type RequestHead } from "./decision.ts";
import { endToEnd, requestHeaders, splitHost, type ClientConnection } from "./forwarded-headers.ts";
import { statusPage, type OwnAnswer } from "./http-messages.ts";
import { attemptRequest, BackendConnections, BackendError, type BackendAnswer } from "./node-backend-request.ts";
import { Http2Backends } from "./node-http2-backend.ts";
import { writeRawAnswer, switchProtocols, upgradeBody } from "./node-upgrade.ts";
import type { RouteMatch } from "./route-matcher.ts";
import type { Certificate, Endpoint, Route } from "./routing-table.ts";

/** A request of either version of HTTP; Node gives both the same shape. */
export type ClientRequest = IncomingMessage | Http2ServerRequest;
export type ClientResponse = ServerResponse | Http2ServerResponse;

/** Where the front looks things up: usually an `IngressRouter`. */
export interface Routes {
  match(host: string, url: string): RouteMatch | undefined;
  certificate(name: string): Certificate | undefined;
}

/** What a {@link RequestProxy} is made of. */
interface RequestProxyOptions {
  readonly log: Logger;
  readonly routes: Routes;
  readonly newRequestId: () => string;
}

/** A request tries at most so many endpoints. */
const MOST_ATTEMPTS = 3;

/** A body larger than its route allows. */
class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/** Passes requests on to backends and their answers back. Bodies flow through; none is held in memory. */
export class RequestProxy {
  readonly #options: RequestProxyOptions;
  readonly #connections = new BackendConnections();
  readonly #http2 = new Http2Backends();
  readonly #balancer = new Balancer();
  #underWay = 0;
  #isDraining = false;
  #becameIdle: () => void = () => {};
  /** Resolves when, after {@link drain}, nothing is under way any more. */
  readonly idle = new Promise<void>((resolve) => (this.#becameIdle = resolve));

  constructor(options: RequestProxyOptions) {
    this.#options = options;
  }

  /** How many requests are being served. */
  get underWay(): number {
    return this.#underWay;
  }

  /** From now on each answer ends its connection. */
  drain(): void {
    this.#isDraining = true;
  }

  close(): void {
    this.#connections.close();
    this.#http2.close();
  }

  /** Forgets what it knows of backends that are gone. */
  retain(keys: ReadonlySet<string>): void {
    this.#balancer.retain(keys);
  }

  /** Serves a request; every failure becomes an answer. */
  serve(request: ClientRequest, response: ClientResponse): void {
    this.#underWay++;
    response.once("close", () => this.#ended());
    const client = clientOf(request);
    const head = headOf(request);
    const decision = decide(head, client, (host, url) => this.#options.routes.match(host, url));
    if (decision.action === "answer") this.#answer(request, response, decision.answer);
    else
      this.#proxy(request, response, decision.match, client).catch((error: unknown) => {
        const answer = statusPage(failureStatus(error));
        this.#options.log.warn("a request failed", { ingress: decision.match.route.ingress, url: head.url, status: answer.status, error });
        this.#answer(request, response, answer);
      });
  }

  /** Serves a request that asks for another protocol, such as WebSocket. */
  upgrade(request: IncomingMessage, socket: Socket, early: Buffer): void {
    this.#underWay++;
    socket.once("close", () => this.#ended());
    socket.on("error", () => socket.destroy());
    const client = clientOf(request);
    const decision = decide(headOf(request), client, (host, url) => this.#options.routes.match(host, url));
    if (decision.action === "answer") writeRawAnswer(socket, decision.answer);
    else
      this.#upgrade(request, socket, early, decision.match, client).catch((error: unknown) => {
        this.#options.log.warn("an upgrade failed", { ingress: decision.match.route.ingress, error });
        writeRawAnswer(socket, statusPage(failureStatus(error)));
      });
  }

  async #proxy(request: ClientRequest, response: ClientResponse, match: RouteMatch, client: ClientConnection): Promise<void> {
    const { route } = match;
    const hasBody = mayHaveBody(request);
    if (route.protocol === "grpc" || route.protocol === "grpcs") {
      const { target } = match;
      const passed = { request, response, target, headers: this.#headers(request, client), readTimeoutMs: route.readTimeoutMs };
      const isTls = route.protocol === "grpcs";
      await this.#tryEndpoints(request, route, { hasBody }, (endpoint) => this.#http2.pass({ ...passed, endpoint, isTls }));
      this.#logAccess(request, client, response.statusCode, route);
      return;
    }
    const body = hasBody && route.bodyLimit > 0 ? request.pipe(limited(route.bodyLimit)) : request;
    const headers = this.#headers(request, client);
    if (hasBody && request.headers["content-length"] === undefined) headers["transfer-encoding"] = "chunked";
    let tooLarge: Error | undefined;
    body.on("error", (error: Error) => (tooLarge = error));
    const { backend, affinity } = await this.#send(request, match, headers, hasBody, (upstream) => {
      if (!hasBody) upstream.end();
      else {
        body.once("error", (error: Error) => upstream.destroy(error));
        body.pipe(upstream);
      }
      response.once("close", () => upstream.destroy());
    }).catch((error: unknown) => {
      throw tooLarge ?? error;
    });
    const answered = endToEnd(backend.response.headers);
    if (affinity !== undefined) answered["set-cookie"] = [...[answered["set-cookie"] ?? []].flat(), affinity];
    if (this.#isDraining && request.httpVersionMajor === 1) answered["connection"] = "close";
    response.writeHead(backend.response.statusCode ?? 502, answered);
    backend.response.once("error", (error) => response.destroy(error));
    backend.response.once("aborted", () => response.destroy());
    backend.response.pipe(response);
    this.#logAccess(request, client, backend.response.statusCode, route);
  }

  async #upgrade(request: IncomingMessage, socket: Socket, early: Buffer, match: RouteMatch, client: ClientConnection): Promise<void> {
    const headers = this.#headers(request, client);
    const protocol = request.headers.upgrade ?? "";
    // A client that merely offers HTTP/2 is answered by HTTP/1.1, which the offer allows.
    const isOffer = protocol.toLowerCase().split(",")[0]?.trim() === "h2c";
    if (!isOffer) Object.assign(headers, { connection: "Upgrade", upgrade: protocol });
    const length = isOffer ? Number(request.headers["content-length"] ?? 0) : 0;
    const body = upgradeBody(socket, early, length);
    const { backend } = await this.#send(request, match, headers, length > 0, (upstream) => {
      body.pipe(upstream);
      socket.once("close", () => upstream.destroy());
    });
    switchProtocols(socket, isOffer ? Buffer.alloc(0) : early, backend, match.route.readTimeoutMs);
    this.#logAccess(request, client, backend.response.statusCode, match.route);
  }

  /** Sends a request over HTTP/1.1, and says which cookie keeps the client with the endpoint that answered. */
  async #send(
    request: ClientRequest,
    { route, target }: RouteMatch,
    headers: Record<string, string | string[]>,
    hasBody: boolean,
    send: (upstream: BackendAnswer["request"]) => void,
  ): Promise<{ readonly backend: BackendAnswer; readonly affinity: string | undefined }> {
    const { affinityCookie } = route;
    const known = affinityCookie === undefined ? undefined : cookie(request.headers.cookie, affinityCookie);
    const method = request.method ?? "GET";
    return this.#tryEndpoints(request, route, { known, hasBody }, async (endpoint) => {
      const backend = await attemptRequest(this.#connections, { method, target, headers, route, endpoint, send });
      const own = affinityOf(route.backend, endpoint);
      const isNew = affinityCookie !== undefined && own !== known;
      return { backend, affinity: isNew ? `${affinityCookie}=${own}; Path=/; HttpOnly` : undefined };
    });
  }

  /** Tries endpoints until one answers. `known`: the one that the client belongs to. */
  async #tryEndpoints<T>(
    request: ClientRequest,
    route: Route,
    { known, hasBody }: { readonly known?: string | undefined; readonly hasBody: boolean },
    attempt: (endpoint: Endpoint) => Promise<T>,
  ): Promise<T> {
    const endpoints = this.#balancer.orderFor(route.backend, known);
    for (let count = 1; ; count++) {
      const endpoint = endpoints[(count - 1) % endpoints.length];
      if (endpoint === undefined) throw new Error("the route has no endpoint");
      try {
        return await attempt(endpoint);
      } catch (error) {
        if (count >= MOST_ATTEMPTS || request.destroyed || !(error instanceof BackendError)) throw error;
        const { isConnected } = error;
        if (!mayRetry(request.method ?? "GET", { isConnected, isBodyTouched: hasBody && isConnected })) throw error;
        this.#options.log.debug("an endpoint did not answer; trying the next", { ingress: route.ingress, endpoint, error });
      }
    }
  }

  #headers(request: ClientRequest, client: ClientConnection): Record<string, string | string[]> {
    return requestHeaders(request.headers, hostOf(request) ?? "", client, this.#options.newRequestId());
  }

  #answer(request: ClientRequest, response: ClientResponse, { status, headers, body }: OwnAnswer): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // What is left of the body is not read, so the connection cannot be used again.
    const isBroken = request.httpVersionMajor === 1 && (this.#isDraining || mayHaveBody(request));
    const length = String(Buffer.byteLength(body));
    response.writeHead(status, { ...headers, "content-length": length, ...(isBroken ? { connection: "close" } : {}) });
    response.end(request.method === "HEAD" ? "" : body);
  }

  #logAccess(request: ClientRequest, client: ClientConnection, status: number | undefined, route: Route): void {
    const { method, url } = request;
    this.#options.log.debug("request", { client: client.address, method, host: hostOf(request), url, status, ingress: route.ingress });
  }

  #ended(): void {
    this.#underWay--;
    if (this.#isDraining && this.#underWay === 0) this.#becameIdle();
  }
}

function hostOf(request: ClientRequest): string | undefined {
  return request.headers.host ?? (request.headers[":authority"] as string | undefined);
}

function headOf(request: ClientRequest): RequestHead {
  const length = request.headers["content-length"];
  return { host: hostOf(request), url: request.url ?? "/", contentLength: length === undefined ? undefined : Number(length) };
}

function clientOf(request: ClientRequest): ClientConnection {
  const isTls = (request.socket as Partial<TLSSocket>).encrypted === true;
  const port = splitHost(hostOf(request) ?? "")?.port ?? (isTls ? 443 : 80);
  return { address: (request.socket.remoteAddress ?? "").replace(/^::ffff:/, ""), isTls, port };
}

function mayHaveBody(request: ClientRequest): boolean {
  if ("stream" in request) return !request.stream.endAfterHeaders;
  return request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
}

function failureStatus(error: unknown): number {
  if (error instanceof BodyTooLargeError) return 413;
  return error instanceof BackendError && error.isTimeout ? 504 : 502;
}

function limited(limit: number): Transform & Readable {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > limit) done(new BodyTooLargeError(`the body is larger than ${limit} bytes`));
      else done(null, chunk);
    },
  });
}

function cookie(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? "").split(";")) {
    const at = part.indexOf("=");
    if (part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}
