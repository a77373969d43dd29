import { ServerResponse, type IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { Duplex } from "node:stream";
import { componentHost, hostUid, listenOn, messageOf, type Host, type Timer } from "@skiff/base";
import { internalError, statusError } from "@skiff/api";
import type { CertificateAndKey } from "../pki/certificate-authority.ts";
import type { Reply } from "../reply.ts";
import { RequestQuery } from "../request-query.ts";
import type { ServerRequest } from "../server-request.ts";
import { DEFAULT_FRONT_LIMITS, type FrontLimits } from "./front-limits.ts";
import { errorReply, hasUnreadBody, writeReply, type ReplyWriterOptions } from "./http-reply.ts";
import { readRequest, type CertificateVerifier } from "./http-request.ts";
import { passUpgrade, refuseUnsupportedProtocols } from "./http-upgrade.ts";
import { streamToWebSocket, wantsWebSocket } from "./web-socket-stream.ts";

/** Whatever answers requests: the API server. */
interface RequestHandler {
  /** May reject with a `StatusError`; any other error is answered as `InternalError`. */
  handle(request: ServerRequest): Promise<Reply>;
}

/** What a front is made of. */
interface HttpsFrontOptions {
  readonly host: Host;
  readonly server: RequestHandler;
  /** The server's own certificate. Asked again every minute, so that a renewed one is used without a restart. */
  readonly certificate: () => CertificateAndKey;
  /** PEM: the authorities whose certificates clients are asked for. Others are accepted and prove nothing. */
  readonly clientAuthorities: readonly string[];
  readonly verifier: CertificateVerifier;
  readonly limits?: Partial<FrontLimits>;
}

/** A server for HTTPS (HTTP/1.1). */
export interface HttpsFront {
  /** Starts to listen; port 0 takes a free one. Resolves with the port. Errors: those of the operating system, such as `EADDRINUSE`. */
  listen(port: number, address: string): Promise<number>;
  /** Takes no more requests, ends watches, and waits for requests under way, at most `graceMs` (default 5 s). */
  close(graceMs?: number): Promise<void>;
}

const CERTIFICATE_CHECK_MS = 60_000;
const DEFAULT_GRACE_MS = 5000;

/** Makes a front. Nothing happens before `listen`. */
export function createHttpsFront(options: HttpsFrontOptions): HttpsFront {
  return new Front(options);
}

class Front implements HttpsFront {
  readonly #options: HttpsFrontOptions;
  readonly #host: Host;
  readonly #limits: FrontLimits;
  readonly #writer: ReplyWriterOptions;
  readonly #server: Server;
  readonly #closers = new Set<() => void>();
  readonly #upgraded = new Set<Duplex>();
  #certificate: CertificateAndKey;
  #certificateTimer: Timer | undefined;
  #closing = false;

  constructor(options: HttpsFrontOptions) {
    this.#options = options;
    this.#host = componentHost(options.host, "https-front");
    this.#limits = { ...DEFAULT_FRONT_LIMITS, ...options.limits };
    this.#writer = {
      limits: this.#limits,
      now: () => this.#host.clock.now(),
      onSlowWatcher: ({ path }) => this.#host.log.warn("ended a watch whose client does not read", { path }),
    };
    this.#certificate = options.certificate();
    this.#server = createServer({
      cert: this.#certificate.certificatePem,
      key: this.#certificate.privateKeyPem,
      // The names of these authorities are sent to clients, which choose a certificate by them.
      ca: [...options.clientAuthorities],
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      handshakeTimeout: this.#limits.headersTimeoutMs,
      maxHeaderSize: this.#limits.maxHeaderBytes,
      headersTimeout: this.#limits.headersTimeoutMs,
      requestTimeout: this.#limits.requestTimeoutMs,
      keepAliveTimeout: this.#limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1000,
    });
    this.#server.maxConnections = this.#limits.maxConnections;
    this.#server.on("request", (message, response) => void this.#onRequest(message, response));
    this.#server.on("upgrade", (message, socket, head) => void this.#onUpgrade(message, socket, head));
  }

  async listen(port: number, address: string): Promise<number> {
    const onError = (error: Error): void => this.#host.log.error("the listening socket failed", { error: messageOf(error) });
    const bound = await listenOn(this.#server, port, address, onError);
    this.#scheduleCertificateCheck();
    return bound;
  }

  async close(graceMs = DEFAULT_GRACE_MS): Promise<void> {
    this.#closing = true;
    this.#certificateTimer?.cancel();
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const close of this.#closers) close();
    const timer = this.#host.clock.setTimeout(() => {
      for (const socket of this.#upgraded) socket.destroy();
      this.#server.closeAllConnections();
    }, graceMs);
    // Shells and forwarded ports have no end that one could wait for.
    for (const socket of this.#upgraded) socket.destroy();
    await closed;
    timer.cancel();
  }

  async #onRequest(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const auditId = this.#prepare(message, response);
    let request: ServerRequest | undefined;
    try {
      request = { ...readRequest(message, this.#readerOf(), abortedBy(response), true), auditId };
      const reply = await this.#options.server.handle(request);
      if (reply.type === "upgrade") {
        reply.stream.destroy();
        throw statusError("BadRequest", "Upgrade request required");
      }
      await this.#write(reply, request, message, response);
    } catch (error) {
      await this.#writeError(error, request, message, response, auditId);
    }
  }

  async #onUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Refusals are ordinary answers, for which this socket has no response yet.
    const response = new ServerResponse(message);
    response.assignSocket(socket as Parameters<ServerResponse["assignSocket"]>[0]);
    response.on("finish", () => socket.end());
    // Node passes this on for ordinary requests only; without it a long answer would wait for ever.
    socket.on("drain", () => response.emit("drain"));
    socket.on("error", () => socket.destroy());
    const auditId = this.#prepare(message, response);
    response.setHeader("connection", "close");
    let request: ServerRequest | undefined;
    try {
      request = { ...readRequest(message, this.#readerOf(), abortedBy(socket), false), auditId };
      refuseUnsupportedProtocols(message);
      const reply = await this.#options.server.handle(request);
      const asMessages = reply.type === "stream" && reply.status === 200 && wantsWebSocket(message);
      if (reply.type !== "upgrade" && !asMessages) {
        await this.#write(reply, request, message, response);
        return;
      }
      response.detachSocket(socket as Parameters<ServerResponse["assignSocket"]>[0]);
      this.#upgraded.add(socket);
      socket.once("close", () => this.#upgraded.delete(socket));
      if (reply.type === "upgrade") passUpgrade(reply, socket, head, auditId);
      else streamToWebSocket(reply, message, socket, head);
      if (this.#closing) socket.destroy();
    } catch (error) {
      await this.#writeError(error, request, message, response, auditId);
    }
  }

  /** Sets the headers that every answer has; answers the audit id. */
  #prepare(message: IncomingMessage, response: ServerResponse): string {
    const given = message.headers["audit-id"];
    const auditId = typeof given === "string" && /^[\w-]{1,64}$/.test(given) ? given : hostUid(this.#host);
    response.setHeader("audit-id", auditId);
    response.setHeader("cache-control", "no-cache, private");
    const { socket } = message;
    // A connection whose answer began before the end was decided was promised to stay open.
    response.once("close", () => {
      if (this.#closing) socket.end();
    });
    return auditId;
  }

  async #write(
    reply: Exclude<Reply, { readonly type: "upgrade" }>,
    request: ServerRequest,
    message: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (reply.type !== "watch" && reply.type !== "stream") {
      if (this.#closing || hasUnreadBody(message)) response.setHeader("connection", "close");
      await writeReply(reply, request, response, this.#writer);
      return;
    }
    const close = reply.type === "watch" ? (): void => reply.session.close() : (): void => void response.destroy();
    this.#closers.add(close);
    try {
      if (this.#closing) close();
      await writeReply(reply, request, response, this.#writer);
    } finally {
      this.#closers.delete(close);
    }
  }

  async #writeError(
    error: unknown,
    request: ServerRequest | undefined,
    message: IncomingMessage,
    response: ServerResponse,
    auditId: string,
  ): Promise<void> {
    if (response.destroyed) return;
    let reply = errorReply(error);
    if (reply === undefined) {
      this.#host.log.error("a request failed", { auditId, path: request?.path, error });
      reply = errorReply(internalError("the server could not answer the request; its log says why"));
    }
    if (response.headersSent || reply === undefined) {
      response.destroy();
      return;
    }
    if (this.#closing || hasUnreadBody(message)) response.setHeader("connection", "close");
    await writeReply(reply, request ?? UNREADABLE, response, this.#writer);
  }

  #readerOf(): { readonly limits: FrontLimits; readonly verifier: CertificateVerifier } {
    return { limits: this.#limits, verifier: this.#options.verifier };
  }

  #scheduleCertificateCheck(): void {
    this.#certificateTimer = this.#host.clock.setTimeout(() => {
      this.#reloadCertificate();
      if (!this.#closing) this.#scheduleCertificateCheck();
    }, CERTIFICATE_CHECK_MS);
  }

  #reloadCertificate(): void {
    try {
      const { certificatePem, privateKeyPem } = this.#options.certificate();
      if (certificatePem === this.#certificate.certificatePem && privateKeyPem === this.#certificate.privateKeyPem) return;
      this.#server.setSecureContext({
        cert: certificatePem,
        key: privateKeyPem,
        ca: [...this.#options.clientAuthorities],
        minVersion: "TLSv1.2",
      });
      this.#certificate = { certificatePem, privateKeyPem };
      this.#host.log.info("the server's certificate was replaced");
    } catch (error) {
      // The present one goes on being used, which is better than none.
      this.#host.log.error("the server's certificate could not be replaced", { error: messageOf(error) });
    }
  }
}

/** Stands for a request that could not be read: its error is answered as plain JSON. */
const UNREADABLE = {
  method: "GET",
  path: "",
  query: RequestQuery.parse(""),
  headers: {},
  body: { type: "none" },
  internal: false,
} as const satisfies ServerRequest;

/** Aborted when the client goes away before its answer is complete. */
function abortedBy(connection: ServerResponse | Duplex): AbortSignal {
  const controller = new AbortController();
  connection.once("close", () => controller.abort());
  return controller.signal;
}
