import { createServer, type IncomingMessage } from "node:http";
import { createSecureServer } from "node:http2";
import type { Server as NetServer, Socket } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { listenOn, messageOf, type Logger } from "@skiff/base";
import { RequestProxy, type ClientRequest, type ClientResponse, type Routes } from "./node-request-proxy.ts";
import type { Certificate } from "./routing-table.ts";

/** What an {@link IngressFront} is made of. */
interface IngressFrontOptions {
  readonly log: Logger;
  readonly routes: Routes;
  /** Answers to names that no Ingress has a certificate for. */
  readonly fallbackCertificate: Certificate;
  readonly newRequestId: () => string;
}

/** At most so many connections on one port; more are refused. */
const CONNECTION_LIMIT = 4096;
const HEADER_BYTES = 16 * 1024;
/** How long a client may take for the head of a request, and how long an idle connection is kept: nginx's numbers. */
const HEAD_MS = 60_000;
const KEEP_ALIVE_MS = 75_000;
/** How many certificates are kept ready. The oldest goes first. */
const CONTEXT_LIMIT = 1000;

/**
 * The HTTP front: listens, and serves each request by the routes of that moment. HTTP/1.1 and WebSocket on both kinds of
 * port, HTTP/2 over TLS.
 */
export class IngressFront {
  readonly #options: IngressFrontOptions;
  readonly #proxy: RequestProxy;
  readonly #servers: NetServer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #contexts = new Map<string, SecureContext>();

  constructor(options: IngressFrontOptions) {
    this.#options = options;
    this.#proxy = new RequestProxy(options);
  }

  /** Listens for plain HTTP. Answers the port. Errors: rejects when it cannot be had. */
  listenHttp(port: number, address?: string): Promise<number> {
    const server = createServer({
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: HEAD_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      requestTimeout: 0,
    });
    return this.#listen(server, port, address);
  }

  /** Listens for HTTPS. Answers the port. Errors: rejects when it cannot be had. */
  listenHttps(port: number, address?: string): Promise<number> {
    const { fallbackCertificate } = this.#options;
    const server = createSecureServer({
      allowHTTP1: true,
      settings: { maxHeaderListSize: HEADER_BYTES },
      cert: fallbackCertificate.certificate,
      key: fallbackCertificate.key,
      SNICallback: (name, done) => done(null, this.#contextFor(name)),
    });
    return this.#listen(server, port, address);
  }

  /** Takes no new connections, gives requests under way `graceMs`, then ends what is left. */
  async close(graceMs: number): Promise<void> {
    const closed = this.#servers.splice(0).map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.#proxy.drain();
    const timer = setTimeout(() => this.#destroyAll(), graceMs);
    if (this.#proxy.underWay === 0) this.#destroyAll();
    else void this.#proxy.idle.then(() => this.#destroyAll());
    await Promise.all(closed);
    clearTimeout(timer);
    this.#proxy.close();
  }

  /** Forgets what it knows of all other backends than these. */
  retainBackends(keys: ReadonlySet<string>): void {
    this.#proxy.retain(keys);
  }

  #destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(server: NetServer, port: number, address: string | undefined): Promise<number> {
    server.maxConnections = CONNECTION_LIMIT;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("request", (request: ClientRequest, response: ClientResponse) => this.#proxy.serve(request, response));
    server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => this.#proxy.upgrade(request, socket, head));
    server.on("clientError", (_error: Error, socket: Socket) => {
      if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
      else socket.destroy();
    });
    server.on("sessionError", (error: Error) => this.#options.log.debug("an HTTP/2 connection failed", { error: error.message }));
    const onError = (error: Error): void => this.#options.log.warn("a port of the Ingress front failed", { error: messageOf(error) });
    const bound = await listenOn(server, port, address, onError);
    this.#servers.push(server);
    return bound;
  }

  #contextFor(name: string): SecureContext | undefined {
    const found = this.#options.routes.certificate(name);
    if (found === undefined) return undefined;
    const known = this.#contexts.get(found.certificate + found.key);
    if (known !== undefined) return known;
    try {
      const context = createSecureContext({ cert: found.certificate, key: found.key });
      const [oldest] = this.#contexts.keys();
      if (this.#contexts.size >= CONTEXT_LIMIT && oldest !== undefined) this.#contexts.delete(oldest);
      this.#contexts.set(found.certificate + found.key, context);
      return context;
    } catch (error) {
      this.#options.log.warn("a certificate cannot be used", { name, error: messageOf(error) });
      return undefined;
    }
  }
}
