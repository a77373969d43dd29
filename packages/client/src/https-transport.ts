import * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import { deepFreeze, sleep, type Clock } from "@skiff/base";
import {
  STATUS_CODES,
  statusError,
  StatusError,
  type ApiRequest,
  type ApiResponse,
  type Query,
  type Status,
  type StatusReason,
  type Transport,
  type WatchEvent,
  type WatchHandle,
  readJson,
  writeJson,
} from "@skiff/api";
import type { Credential, CredentialSource } from "./credential-source.ts";
import { LineSplitter } from "./line-splitter.ts";

/** Connections for requests; watches, logs and upgrades have their own, which nothing limits but their callers. */
const MAX_CONNECTIONS = 64;
/** Answers that are larger are refused: a list of that size must be paged. */
const BODY_LIMIT_BYTES = 512 * 1024 * 1024;
/** Objects are at most a few MiB; a longer line in a watch is an error. */
const EVENT_LIMIT_BYTES = 32 * 1024 * 1024;
/** How often an answer that says `Retry-After` is followed, as client-go does. */
const MAX_RETRIES = 10;
/** Without bytes for so long, a request that is not a stream counts as lost. */
const REQUEST_TIMEOUT_MS = 90_000;
/** A connection that is silent for so long is probed: a watch of a server that lost its power would wait for it for ever. */
const PROBE_AFTER_MS = 30_000;

/** How to reach an API server. */
export interface HttpsTransportOptions {
  /** For example `https://127.0.0.1:6443`; a path in it becomes a prefix of every request. */
  readonly server: string;
  /** PEM. Default: the authorities that the runtime trusts. */
  readonly certificateAuthority?: string;
  /** PEM. */
  readonly clientCertificate?: string;
  /** PEM. */
  readonly clientKey?: string;
  readonly token?: string;
  readonly username?: string;
  readonly password?: string;
  /** Credentials that change; they win over the fixed ones. */
  readonly credentials?: CredentialSource;
  /** Checks the certificate for this name in place of the server's. */
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** Sent as `Impersonate-User` and so on. */
  readonly impersonate?: { readonly user: string; readonly uid?: string; readonly groups?: readonly string[] };
  readonly userAgent?: string;
  readonly clock: Clock;
}

/** A connection that left HTTP behind: `exec`, `attach`, `port-forward`. */
export interface UpgradedConnection {
  /** Bytes that came with the answer are in it already. The caller owns it and must end it. */
  readonly stream: Duplex;
  /** Of the answer (`sec-websocket-protocol`, `x-stream-protocol-version`), lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A {@link Transport} over HTTP/1.1 with TLS and kept connections.
 *
 * Answers with `Retry-After` (429 and 5xx) are followed, at most ten times. A GET that meets a connection which the server
 * had just closed is sent once more.
 */
export class HttpsTransport implements Transport {
  readonly #options: HttpsTransportOptions;
  readonly #server: URL;
  readonly #requests: http.Agent;
  readonly #streams: http.Agent;
  readonly #tls: https.RequestOptions;

  constructor(options: HttpsTransportOptions) {
    this.#options = options;
    this.#server = new URL(options.server);
    const secure = this.#server.protocol === "https:";
    this.#tls = {
      ca: options.certificateAuthority,
      // A kubeconfig may hold the server's own certificate in the place of its authority's, as with other clients.
      allowPartialTrustChain: true,
      cert: options.clientCertificate,
      key: options.clientKey,
      rejectUnauthorized: !options.insecureSkipTlsVerify,
      ...(options.tlsServerName ? { servername: options.tlsServerName } : {}),
    };
    const Agent = secure ? https.Agent : http.Agent;
    this.#requests = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
    this.#streams = new Agent({ keepAlive: false });
  }

  /** Closes idle connections; requests under way end first. */
  close(): void {
    this.#requests.destroy();
    this.#streams.destroy();
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#open(request, this.#requests, REQUEST_TIMEOUT_MS);
      const body = decodeBody(response, await readBody(response));
      const status = response.statusCode ?? 0;
      if (status < 400) return { status, headers: plainHeaders(response), body };
      const retryAfterMs = Number(response.headers["retry-after"]) * 1000;
      const mayRetry = (status === 429 || status >= 500) && retryAfterMs >= 0 && attempt < MAX_RETRIES;
      if (!mayRetry) throw errorOf(status, body);
      await sleep(this.#options.clock, retryAfterMs, request.signal);
    }
  }

  async watch(request: ApiRequest, onEvents: (events: readonly WatchEvent[]) => void): Promise<WatchHandle> {
    const response = await this.#openStream(request);
    const lines = new LineSplitter(EVENT_LIMIT_BYTES);
    let closed = false;
    const deliver = (texts: readonly string[]): void => {
      if (!closed && texts.length > 0) onEvents(texts.map((text) => deepFreeze(readJson(text) as WatchEvent)));
    };
    const ended = new Promise<void>((resolve, reject) => {
      response.on("data", (chunk: Buffer) => {
        try {
          deliver(lines.push(chunk));
        } catch (error) {
          response.destroy(error as Error);
        }
      });
      response.on("end", resolve);
      response.on("error", (error) => (closed ? resolve() : reject(error)));
      response.on("close", () => (closed || response.complete ? resolve() : reject(new Error("the connection of the watch broke"))));
    });
    ended.catch(() => {});
    return {
      ended,
      close: () => {
        closed = true;
        response.destroy();
      },
    };
  }

  async stream(request: ApiRequest): Promise<AsyncIterable<Uint8Array>> {
    return this.#openStream(request);
  }

  /**
   * Leaves HTTP for `protocol` (`SPDY/3.1`, `websocket`). The caller gives the headers that the protocol needs beside
   * `Connection` and `Upgrade`. Errors: a `StatusError` when the server answers in HTTP instead.
   */
  async openUpgrade(request: ApiRequest, protocol: string): Promise<UpgradedConnection> {
    const headers = { ...request.headers, connection: "Upgrade", upgrade: protocol };
    const outgoing = await this.#send({ ...request, headers }, this.#streams);
    return new Promise((resolve, reject) => {
      outgoing.on("upgrade", (response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve({ stream: socket, headers: plainHeaders(response) });
      });
      outgoing.on("response", (response) => {
        readBody(response).then((body) => reject(errorOf(response.statusCode ?? 0, decodeBody(response, body))), reject);
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  async #openStream(request: ApiRequest): Promise<http.IncomingMessage> {
    const response = await this.#open(request, this.#streams);
    const status = response.statusCode ?? 0;
    if (status >= 400) throw errorOf(status, decodeBody(response, await readBody(response)));
    return response;
  }

  /** Sends the request and answers when the head of the answer is there; fetches credentials anew once after a 401. */
  async #open(request: ApiRequest, agent: http.Agent, timeoutMs?: number): Promise<http.IncomingMessage> {
    for (let attempt = 0; ; attempt++) {
      const outgoing = await this.#send(request, agent);
      try {
        const response = await headOf(outgoing, request, timeoutMs);
        const { credentials } = this.#options;
        if (response.statusCode !== 401 || credentials === undefined || attempt > 0) return response;
        credentials.invalidate();
        response.resume();
      } catch (error) {
        const lostBeforeUse = outgoing.reusedSocket && (error as { code?: string }).code === "ECONNRESET" && request.method === "GET";
        if (!lostBeforeUse || attempt > 0) throw error;
      }
    }
  }

  async #send(request: ApiRequest, agent: http.Agent): Promise<http.ClientRequest> {
    const credential = await this.#options.credentials?.current();
    const prefix = this.#server.pathname.replace(/\/$/, "");
    const options: https.RequestOptions = {
      ...this.#tls,
      ...(credential?.clientCertificate ? { cert: credential.clientCertificate, key: credential.clientKey } : {}),
      agent,
      method: request.method,
      hostname: this.#server.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: this.#server.port || (this.#server.protocol === "https:" ? 443 : 80),
      path: `${prefix}${request.path}${encodeQuery(request.query)}`,
      headers: { ...this.#headers(credential), ...request.headers },
      signal: request.signal,
    };
    const outgoing = this.#server.protocol === "https:" ? https.request(options) : http.request(options);
    return outgoing.on("socket", (socket) => socket.setKeepAlive(true, PROBE_AFTER_MS));
  }

  #headers(credential: Credential | undefined): http.OutgoingHttpHeaders {
    const { username, password = "", impersonate, userAgent = "skiff" } = this.#options;
    const token = credential?.token ?? this.#options.token;
    const headers: http.OutgoingHttpHeaders = { accept: "application/json", "user-agent": userAgent };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    else if (username !== undefined) headers.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    if (impersonate !== undefined) {
      headers["impersonate-user"] = impersonate.user;
      if (impersonate.uid !== undefined) headers["impersonate-uid"] = impersonate.uid;
      if (impersonate.groups !== undefined) headers["impersonate-group"] = [...impersonate.groups];
    }
    return headers;
  }
}

function headOf(outgoing: http.ClientRequest, request: ApiRequest, timeoutMs: number | undefined): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.on("response", resolve);
    outgoing.on("error", reject);
    if (timeoutMs !== undefined) {
      outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`no answer from the server within ${timeoutMs} ms`)));
    }
    if (request.body === undefined) {
      outgoing.end();
      return;
    }
    const bytes = request.body instanceof Uint8Array ? request.body : Buffer.from(writeJson(request.body));
    if (!outgoing.hasHeader("content-type")) outgoing.setHeader("content-type", "application/json");
    outgoing.setHeader("content-length", bytes.byteLength);
    outgoing.end(bytes);
  });
}

function readBody(response: http.IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    response.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > BODY_LIMIT_BYTES) response.destroy(new Error(`the answer is larger than ${BODY_LIMIT_BYTES} bytes`));
      else chunks.push(chunk);
    });
    response.on("end", () => resolve(Buffer.concat(chunks)));
    response.on("error", reject);
    response.on("close", () => (response.complete ? undefined : reject(new Error("the connection broke within an answer"))));
  });
}

function decodeBody(response: http.IncomingMessage, body: Buffer): unknown {
  const text = body.toString("utf8");
  const isJson = /^application\/([a-z.-]+\+)?json\b/i.test(response.headers["content-type"] ?? "");
  return isJson && text !== "" ? deepFreeze(readJson(text)) : text;
}

/** The reason for answers that carry no `Status`, for example from a proxy in between. */
function reasonOf(code: number): StatusReason {
  if (code === 409) return "Conflict";
  if (code === 410) return "Expired";
  if (code >= 500 && code !== 503 && code !== 504) return "InternalError";
  const match = Object.entries(STATUS_CODES).find(([, known]) => known === code);
  return (match?.[0] as StatusReason | undefined) ?? "Unknown";
}

function errorOf(code: number, body: unknown): StatusError {
  const isStatus = typeof body === "object" && body !== null && (body as Partial<Status>).kind === "Status";
  if (isStatus) return new StatusError({ ...(body as Status), code });
  const text = typeof body === "string" && body.trim() !== "" ? body.trim().slice(0, 1000) : `the server answered HTTP ${code}`;
  return statusError(reasonOf(code), text, undefined, code);
}

function plainHeaders(response: http.IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}

function encodeQuery(query: Query | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, String(one));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}
