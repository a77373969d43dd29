import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { badRequest, statusError, type Method } from "@skiff/api";
import type { CertificateCredentials } from "../pki/peer-certificate.ts";
import { RequestQuery } from "../request-query.ts";
import type { RequestBody, ServerRequest } from "../server-request.ts";
import type { FrontLimits } from "./front-limits.ts";

/** Says what a client's certificate (DER) proves; see `PeerCertificateVerifier`. */
export interface CertificateVerifier {
  credentialsOf(certificateDer: Uint8Array): CertificateCredentials;
}

/** What turns a message into a request. */
interface RequestReader {
  readonly limits: FrontLimits;
  readonly verifier: CertificateVerifier;
}

const METHODS: ReadonlySet<string> = new Set<Method>(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);

/** Headers that decide who asks, for what, and where a message ends. Two of them that differ are an attempt to be read in two ways. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  "host",
  "authorization",
  "content-length",
  "content-type",
  "content-encoding",
  "transfer-encoding",
]);

/**
 * The request that an HTTP message makes. The path stays percent-encoded: it is taken apart and decoded in one place only.
 *
 * Errors: `MethodNotAllowed`, `BadRequest` for broken queries and repeated headers, 414 for long URLs.
 */
export function readRequest(message: IncomingMessage, reader: RequestReader, signal: AbortSignal, hasBody: boolean): ServerRequest {
  const { method = "", url = "" } = message;
  if (url.length > reader.limits.maxUrlBytes)
    throw statusError("BadRequest", `the request URL is longer than ${reader.limits.maxUrlBytes} bytes`, undefined, 414);
  if (!METHODS.has(method)) throw statusError("MethodNotAllowed", "the server does not allow this method on the requested resource");
  refuseRepeatedHeaders(message.rawHeaders);
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  // Only `set-cookie` would be a list, and requests do not have it.
  const headers = message.headers as Readonly<Record<string, string | undefined>>;
  return {
    method: method as Method,
    path,
    query: RequestQuery.parse(mark < 0 ? "" : url.slice(mark + 1)),
    headers,
    body: hasBody ? bodyOf(message, reader.limits.maxBodyBytes) : { type: "none" },
    credentials: { headers, path, ...certificateCredentials(message.socket as TLSSocket, reader.verifier) },
    signal,
    remoteAddress: message.socket.remoteAddress,
    internal: false,
  };
}

/** By connection: the runtime parses the whole certificate anew each time, which was 3 % of a busy server's time. */
const knownCredentials = new WeakMap<TLSSocket, CertificateCredentials>();

function certificateCredentials(socket: TLSSocket, verifier: CertificateVerifier): CertificateCredentials {
  const known = knownCredentials.get(socket);
  if (known !== undefined) return known;
  // The types say that there is always a certificate; clients without one give an empty object or null.
  const certificate = socket.getPeerCertificate() as { readonly raw?: Buffer } | null;
  const credentials = certificate?.raw === undefined ? {} : verifier.credentialsOf(certificate.raw);
  knownCredentials.set(socket, credentials);
  return credentials;
}

/** So much of a body that is too large is read and thrown away: a client that is still sending would not see the answer. */
const DISCARD_BYTES = 16 * 1024 * 1024;

function bodyOf(message: IncomingMessage, limit: number): RequestBody {
  const { "content-length": length, "transfer-encoding": encoding } = message.headers;
  if (encoding === undefined && (length === undefined || length === "0")) return { type: "none" };
  return {
    type: "bytes",
    read: () => {
      if (Number(length ?? 0) > limit + DISCARD_BYTES) return Promise.reject(bodyTooLarge(limit));
      return readBytes(message, limit);
    },
  };
}

function readBytes(message: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else chunks = [];
      if (size <= limit + DISCARD_BYTES) return;
      message.pause();
      reject(bodyTooLarge(limit));
    });
    message.once("end", () => {
      if (size > limit) reject(bodyTooLarge(limit));
      else resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    message.once("error", reject);
    message.once("close", () => reject(badRequest("the client went away before its request was complete")));
  });
}

function bodyTooLarge(limit: number): Error {
  return statusError("RequestEntityTooLarge", `Request entity too large: limit is ${limit}`);
}

function refuseRepeatedHeaders(rawHeaders: readonly string[]): void {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? "";
    if (!SINGLE_HEADERS.has(name)) continue;
    if (seen.has(name)) throw badRequest(`the header "${name}" is given more than once`);
    seen.add(name);
  }
}
