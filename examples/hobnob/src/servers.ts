import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { answer, type ApiAnswer } from "./api.ts";
import { docsPage } from "./docs-page.ts";
import { DESCRIPTION } from "./openapi.ts";
import type { UserStore } from "./user-store.ts";

const BODY_LIMIT_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;

/** The server of the API. It does not listen yet. */
export function apiServer(store: UserStore): Server {
  return createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    serve(store, request, response).catch(() => response.destroy());
  });
}

/** The server of the documentation. It does not listen yet. */
export function docsServer(): Server {
  const page = docsPage();
  return createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    const path = request.url?.split("?")[0];
    if (path === "/openapi.json") send(response, { status: 200, body: DESCRIPTION });
    else if (path === "/") response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
    else send(response, { status: 404, body: { message: "Not Found" } });
  });
}

async function serve(store: UserStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) {
    // What is still to come is not read, so the connection cannot be used again.
    response.shouldKeepAlive = false;
    send(response, { status: 413, body: { message: `the body is longer than ${BODY_LIMIT_BYTES} bytes` } });
    return;
  }
  const { method = "GET", url = "/", headers } = request;
  send(response, await answer(store, { method, target: url, contentType: headers["content-type"], body }));
}

/** The body as text; `undefined` if it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_LIMIT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, { status, body, headers = {} }: ApiAnswer): void {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const type = typeof body === "string" ? "text/plain; charset=utf-8" : "application/json";
  response.writeHead(status, { ...(body === undefined ? {} : { "content-type": type }), ...headers }).end(text);
}
