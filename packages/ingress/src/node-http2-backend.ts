import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { endToEnd } from "./forwarded-headers.ts";
import { BackendError, CONNECT_MS } from "./node-backend-request.ts";
import type { ClientRequest, ClientResponse } from "./node-request-proxy.ts";
import type { Endpoint } from "./routing-table.ts";

/** A request for a backend that speaks HTTP/2, as gRPC servers do. */
interface Http2Request {
  readonly request: ClientRequest;
  readonly response: ClientResponse;
  readonly endpoint: Endpoint;
  readonly isTls: boolean;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly readTimeoutMs: number;
}

/** Connections to backends that speak HTTP/2: one for each, shared by all requests. */
export class Http2Backends {
  readonly #sessions = new Map<string, Promise<ClientHttp2Session>>();

  /**
   * Passes one request on and its answer back, trailers included. Resolves when the answer has begun.
   *
   * Errors: rejects with a {@link BackendError} when there is no answer.
   */
  async pass(passed: Http2Request): Promise<void> {
    const { request, response, target, headers, isTls, readTimeoutMs } = passed;
    const session = await this.#session(passed.endpoint, isTls);
    const { host, "transfer-encoding": _framing, ...rest } = headers;
    const stream = session.request({
      ...rest,
      [constants.HTTP2_HEADER_METHOD]: request.method ?? "GET",
      [constants.HTTP2_HEADER_PATH]: target,
      [constants.HTTP2_HEADER_SCHEME]: isTls ? "https" : "http",
      [constants.HTTP2_HEADER_AUTHORITY]: host,
      // gRPC servers refuse clients that do not promise to read trailers.
      te: "trailers",
    });
    response.once("close", () => stream.close(constants.NGHTTP2_CANCEL));
    request.pipe(stream);
    await new Promise<void>((resolve, reject) => {
      let isTimeout = false;
      stream.setTimeout(readTimeoutMs, () => {
        isTimeout = true;
        stream.destroy(new Error(`no answer within ${readTimeoutMs} ms`));
      });
      stream.on("error", (error) => {
        if (response.headersSent) response.destroy();
        reject(new BackendError(error, true, isTimeout));
      });
      stream.once("close", () => reject(new BackendError(new Error("the stream ended without an answer"), true, false)));
      stream.once("response", (answered: IncomingHttpHeaders & { ":status"?: number }, flags: number) => {
        const status = answered[":status"] ?? 502;
        if ((flags & constants.NGHTTP2_FLAG_END_STREAM) === 0) response.writeHead(status, endToEnd(answered));
        else {
          // An answer that is nothing but a head must stay one: gRPC puts its status there.
          response.statusCode = status;
          for (const [name, value] of Object.entries(endToEnd(answered))) response.setHeader(name, value);
          response.end();
        }
        resolve();
      });
      stream.once("trailers", (trailers: IncomingHttpHeaders) => response.addTrailers(endToEnd(trailers)));
      stream.pipe(response);
    });
  }

  close(): void {
    for (const session of this.#sessions.values()) session.then((each) => each.destroy()).catch(() => {});
  }

  #session({ host, port }: Endpoint, isTls: boolean): Promise<ClientHttp2Session> {
    const address = `${isTls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
    const known = this.#sessions.get(address);
    if (known !== undefined) return known;
    const opening = new Promise<ClientHttp2Session>((resolve, reject) => {
      const session = connect(address, { rejectUnauthorized: false });
      const timer = setTimeout(() => session.destroy(new Error(`no connection within ${CONNECT_MS} ms`)), CONNECT_MS);
      const forget = (): void => void (this.#sessions.get(address) === opening && this.#sessions.delete(address));
      session.once("connect", () => {
        clearTimeout(timer);
        resolve(session);
      });
      session.on("error", (error: Error) => {
        clearTimeout(timer);
        forget();
        reject(new BackendError(error, false, false));
      });
      session.once("goaway", forget);
      session.once("close", forget);
    });
    this.#sessions.set(address, opening);
    return opening;
  }
}
