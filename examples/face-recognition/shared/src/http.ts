import type { IncomingMessage, Server, ServerResponse } from "node:http";

/** A request that is not served; `status` is the answer's. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The body of a request.
 *
 * Errors: rejects with an {@link HttpError} 413 as soon as there are more than `limitBytes`; the rest is not read.
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw new HttpError(413, `the body is longer than ${limitBytes} bytes`);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limitBytes) throw new HttpError(413, `the body is longer than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Answers with a text; `type` is its media type. */
export function answerText(response: ServerResponse, status: number, text: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text), "x-content-type-options": "nosniff" });
  response.end(text);
}

/** Starts to listen and answers the port. Errors: rejects with the system's error, for example `EADDRINUSE`. */
export function listen(server: Server, port: number, host = "0.0.0.0"): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/**
 * Lets the answers that have begun end, and closes. Connections without a request are closed at once; clients are told to
 * open no further request on theirs. After `graceMs` what is left is cut off.
 */
export function closeServer(server: Server, graceMs = 10_000): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
