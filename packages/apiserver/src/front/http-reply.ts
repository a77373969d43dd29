import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { isStatus, StatusError, type Status } from "@skiff/api";
import { drained } from "@skiff/base";
import { encodeList, encodeObject, type RenderOptions } from "../render/encode-reply.ts";
import { encodeValue, type Encoded } from "../render/encoded.ts";
import { negotiate, objectAnswer, PLAIN_JSON, type AnswerType, type Representation } from "../render/representation.ts";
import { parseIncludeObject } from "../render/table.ts";
import { WatchEncoder } from "../render/watch-encoder.ts";
import type { Reply, StreamReply, ValueReply, WatchReply } from "../reply.ts";
import type { ServerRequest } from "../server-request.ts";
import type { FrontLimits } from "./front-limits.ts";
import { warningHeaders } from "./warning-header.ts";
import { streamWatch, WatchStream } from "./watch-stream.ts";

/** Smaller answers are faster sent than packed (upstream's limit). */
const GZIP_THRESHOLD_BYTES = 128 * 1024;
/** Pieces of large answers are put together to about this size before they are written. */
const WRITE_BYTES = 256 * 1024;

const compress = promisify(gzip);

/** What answers are written with. */
export interface ReplyWriterOptions {
  readonly limits: FrontLimits;
  /** Wall time, milliseconds. */
  readonly now: () => number;
  /** Called when a watcher is ended because it does not read. */
  readonly onSlowWatcher: (request: ServerRequest) => void;
}

/** An answer that can be sent over plain HTTP. */
type HttpReply = Exclude<Reply, { readonly type: "upgrade" }>;

/**
 * Writes one reply. Resolves when all of it has been handed over, or the client has gone.
 *
 * Errors: `NotAcceptable` and `BadRequest` (options of tables), before anything is sent.
 */
export async function writeReply(
  reply: HttpReply,
  request: ServerRequest,
  response: ServerResponse,
  options: ReplyWriterOptions,
): Promise<void> {
  for (const warning of warningHeaders(reply.warnings ?? [])) response.appendHeader("warning", warning);
  switch (reply.type) {
    case "object":
      return writeEncoded(
        response,
        request,
        reply.status,
        encodeObject(reply, renderOptions(request, objectAnswer(reply.resource), options)),
        options,
      );
    case "list":
      return writeEncoded(response, request, 200, encodeList(reply, renderOptions(request, "list", options)), options);
    case "value":
      setHeaders(response, reply.headers);
      return writeEncoded(response, request, reply.status, encodeValueReply(reply, request, response), options);
    case "text": {
      setHeaders(response, reply.headers);
      const part = typeof reply.text === "string" ? Buffer.from(reply.text) : reply.text;
      return writeEncoded(response, request, reply.status, { contentType: reply.contentType, parts: [part] }, options);
    }
    case "watch":
      return writeWatch(reply, request, response, options);
    case "stream":
      return writeStream(reply, response);
  }
}

/** The error as a reply; what is no Status is an error of ours and tells clients nothing. */
export function errorReply(error: unknown): ValueReply | undefined {
  return isStatus(error) ? { type: "value", status: error.code, value: error.status } : undefined;
}

function renderOptions(request: ServerRequest, answer: AnswerType, { now }: ReplyWriterOptions): RenderOptions {
  const representation = negotiate(request.headers["accept"], answer, wantsPretty(request));
  return { representation, includeObject: parseIncludeObject(request.query.get("includeObject")), nowMs: now() };
}

function encodeValueReply(reply: ValueReply, request: ServerRequest, response: ServerResponse): Encoded {
  const retryAfter = (reply.value as Partial<Status> | null)?.details?.retryAfterSeconds;
  if (reply.status >= 400 && retryAfter !== undefined) response.setHeader("retry-after", String(retryAfter));
  if (reply.contentType !== undefined) return { ...encodeValue(reply.value, PLAIN_JSON), contentType: reply.contentType };
  return encodeValue(reply.value, representationOfValue(request));
}

/** Errors and other plain values come as JSON even to those who cannot read it: better than nothing at all. */
function representationOfValue(request: ServerRequest): Representation {
  try {
    return negotiate(request.headers["accept"], "other", wantsPretty(request));
  } catch (error) {
    if (error instanceof StatusError) return PLAIN_JSON;
    throw error;
  }
}

/** `?pretty`, or programs in which people look at the answer as it is. */
function wantsPretty({ query, headers }: ServerRequest): boolean {
  if (query.has("pretty")) return query.flag("pretty");
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(headers["user-agent"] ?? "");
}

async function writeEncoded(
  response: ServerResponse,
  request: ServerRequest,
  status: number,
  encoded: Encoded,
  options: ReplyWriterOptions,
): Promise<void> {
  const packed = await packedParts(request, response, encoded.parts);
  response.statusCode = status;
  response.setHeader("content-type", encoded.contentType);
  if (status !== 304)
    response.setHeader(
      "content-length",
      packed.reduce((sum, part) => sum + part.length, 0),
    );
  if (request.method === "HEAD" || status === 304) {
    response.end();
    return;
  }
  await writeParts(response, packed, options.limits.writeIdleTimeoutMs);
}

async function packedParts(request: ServerRequest, response: ServerResponse, parts: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  if (size < GZIP_THRESHOLD_BYTES || request.method === "HEAD") return parts;
  if (!/(?:^|,)\s*gzip\s*(?:;\s*q=(?:1|0\.\d*[1-9]).*)?(?:,|$)/.test(request.headers["accept-encoding"] ?? "")) return parts;
  response.setHeader("content-encoding", "gzip");
  response.appendHeader("vary", "Accept-Encoding");
  return [await compress(Buffer.concat(parts), { level: constants.Z_BEST_SPEED })];
}

async function writeParts(response: ServerResponse, parts: readonly Uint8Array[], idleTimeoutMs: number): Promise<void> {
  response.setTimeout(idleTimeoutMs, () => response.destroy());
  let pending: Uint8Array[] = [];
  let size = 0;
  for (const part of parts) {
    pending.push(part);
    size += part.length;
    if (size < WRITE_BYTES) continue;
    const chunk = Buffer.concat(pending);
    pending = [];
    size = 0;
    if (!(await writeChunk(response, chunk))) return;
  }
  response.end(Buffer.concat(pending));
}

/** Answers false when the client has gone. */
async function writeChunk(response: ServerResponse, chunk: Uint8Array): Promise<boolean> {
  if (response.destroyed) return false;
  if (!response.write(chunk)) await drained(response);
  return !response.destroyed;
}

async function writeWatch(
  { session }: WatchReply,
  request: ServerRequest,
  response: ServerResponse,
  options: ReplyWriterOptions,
): Promise<void> {
  let render: RenderOptions;
  try {
    render = renderOptions(request, "watch", options);
  } catch (error) {
    session.close();
    throw error;
  }
  if (request.method === "HEAD" || response.destroyed) {
    session.close();
    response.end();
    return;
  }
  response.statusCode = 200;
  response.setHeader("content-type", "application/json");
  const { representation, includeObject } = render;
  const encoder = new WatchEncoder({ resource: session.resource, representation, includeObject, now: options.now });
  const sink = new WatchStream(response, encoder, options.limits.watchBufferBytes, () => options.onSlowWatcher(request));
  await streamWatch(session, sink, response);
}

async function writeStream(reply: StreamReply, response: ServerResponse): Promise<void> {
  response.statusCode = reply.status;
  setHeaders(response, reply.headers);
  response.flushHeaders();
  try {
    for await (const chunk of reply.body) if (!(await writeChunk(response, chunk))) break;
    response.end();
  } catch {
    // The status is out already: a cut connection is the only way left to say that the answer is not whole.
    response.destroy();
  }
}

/** Headers that are about a connection to a backend and not about what it answered (RFC 9110, section 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>> = {}): void {
  for (const [name, value] of Object.entries(headers)) if (!HOP_BY_HOP.has(name)) response.setHeader(name, value);
}

/** Whether a part of the body may still be on its way: the connection cannot carry another request then. */
export function hasUnreadBody(message: IncomingMessage): boolean {
  return !message.complete;
}
