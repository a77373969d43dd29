import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { once } from "node:events";
import { listenOn, messageOf, type Logger } from "@skiff/base";
import type { Dashboard } from "./dashboard.ts";
import type { PageReply, PageRequest } from "./page-request.ts";

/** What a {@link DashboardFront} is made of. */
interface DashboardFrontOptions {
  readonly log: Logger;
  readonly dashboard: Dashboard;
  /** The folder of all pages, with a slash at both ends. Default `/`. */
  readonly basePath?: string;
  /** PEM; absent: plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

const CONNECTION_LIMIT = 256;
const HEADER_BYTES = 32 * 1024;
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Nothing but the dashboard's own script and style runs in its pages, nobody may frame them, and other pages get nothing of
 * their addresses.
 */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Serves a {@link Dashboard} over HTTP or HTTPS. */
export class DashboardFront {
  readonly #options: DashboardFrontOptions;
  readonly #server: Server;
  readonly #basePath: string;
  readonly #underWay = new Set<AbortController>();

  constructor(options: DashboardFrontOptions) {
    this.#options = options;
    this.#basePath = options.basePath ?? "/";
    const limits = { maxHeaderSize: HEADER_BYTES, requestTimeout: REQUEST_TIMEOUT_MS };
    const { tls } = options;
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#server =
      tls === undefined ? createServer(limits, serve) : createSecureServer({ ...limits, cert: tls.certificate, key: tls.key }, serve);
    this.#server.maxConnections = CONNECTION_LIMIT;
  }

  /** Listens; port 0 takes any. Answers the port. Errors: rejects when it cannot be had. */
  listen(port: number, address: string): Promise<number> {
    const { log } = this.#options;
    return listenOn(this.#server, port, address, (error) => log.warn("the dashboard's port failed", { error: messageOf(error) }));
  }

  /** Ends every request under way and frees the port. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const controller of this.#underWay) controller.abort(new Error("the dashboard is being stopped"));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const controller = new AbortController();
    this.#underWay.add(controller);
    response.once("close", () => {
      this.#underWay.delete(controller);
      controller.abort(new Error("nobody waits for the answer any more"));
    });
    try {
      const reply = await this.#reply(request, controller.signal);
      await send(response, reply, request.method === "HEAD", controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) this.#options.log.warn("a page of the dashboard failed", { error: messageOf(error) });
      response.destroy();
    }
  }

  async #reply(request: IncomingMessage, signal: AbortSignal): Promise<PageReply> {
    const { method = "" } = request;
    if (method !== "GET" && method !== "HEAD" && method !== "POST") return text(405, "Only GET and POST.");
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const path = mark < 0 ? url : url.slice(0, mark);
    if (`${path}/` === this.#basePath) return { status: 301, headers: { location: this.#basePath }, body: "" };
    const page = path.startsWith(this.#basePath) ? path.slice(this.#basePath.length) : undefined;
    if (page === undefined || page.includes("/")) return text(404, "There is nothing here.");
    const headers = plainHeaders(request);
    const { dashboard } = this.#options;
    const form = method === "POST" ? await readForm(request, dashboard.formLimitBytes(headers)) : new URLSearchParams();
    if (!(form instanceof URLSearchParams)) return form;
    const asked: PageRequest = {
      method,
      page,
      query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
      form,
      headers,
      signal,
    };
    return dashboard.handle(asked);
  }
}

function plainHeaders({ headers }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]));
}

/** The fields of a form, or the answer to what is none. */
async function readForm(request: IncomingMessage, limitBytes: number): Promise<URLSearchParams | PageReply> {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return text(415, "Only forms.");
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    // What is too much is read on and dropped: who still sends would not see an answer.
    if (sizeBytes <= limitBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (sizeBytes > limitBytes) return text(413, "The form is too large.");
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}

function text(status: number, body: string): PageReply {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

async function send(response: ServerResponse, { status, headers, body }: PageReply, isHead: boolean, signal: AbortSignal): Promise<void> {
  const isWhole = typeof body === "string";
  const length = isWhole ? { "content-length": Buffer.byteLength(body) } : {};
  response.writeHead(status, { ...SECURITY_HEADERS, ...headers, ...length });
  if (isWhole || isHead) {
    response.end(isHead ? undefined : (body as string));
    return;
  }
  response.flushHeaders();
  for await (const chunk of body) {
    if (signal.aborted) return;
    if (!response.write(chunk)) await once(response, "drain", { signal });
  }
  response.end();
}
