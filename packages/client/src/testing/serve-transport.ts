import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { isStatus, type ApiRequest, type Transport } from "@skiff/api";

/** A server on a free port of this machine that answers from another transport: for tests of what speaks HTTP. */
export interface ServedTransport {
  readonly url: string;
  /** Cuts all connections. */
  reset(): void;
  close(): Promise<void>;
}

/** Serves `transport` over HTTP without authentication. `seen` gets every request before it is answered. */
export async function serveTransport(
  transport: Transport,
  seen: (request: http.IncomingMessage) => void = () => {},
): Promise<ServedTransport> {
  const server = http.createServer((request, response) => {
    seen(request);
    answer(transport, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reset: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(transport: Transport, incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  const url = new URL(incoming.url ?? "/", "http://server");
  const query = Object.fromEntries(Array.from(url.searchParams, ([name, value]) => [name, value === "true" ? true : value]));
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const request: ApiRequest = {
    method: incoming.method as ApiRequest["method"],
    path: url.pathname,
    query,
    headers,
    body: text === "" ? undefined : (JSON.parse(text) as unknown),
  };
  const json = { "content-type": "application/json" };
  try {
    if (query.watch === true) {
      const handle = await transport.watch(request, (events) => {
        // The first events may come before the watch itself is answered.
        if (!outgoing.headersSent) outgoing.writeHead(200, json);
        for (const event of events) outgoing.write(`${JSON.stringify(event)}\n`);
      });
      if (!outgoing.headersSent) outgoing.writeHead(200, json);
      outgoing.flushHeaders();
      outgoing.on("close", () => handle.close());
      handle.ended.then(
        () => outgoing.end(),
        () => outgoing.destroy(),
      );
      return;
    }
    const { status, body } = await transport.request(request);
    outgoing.writeHead(status, json).end(JSON.stringify(body));
  } catch (error) {
    if (!isStatus(error)) throw error;
    const retryAfter = error.status.details?.retryAfterSeconds;
    outgoing.writeHead(error.code, { ...json, ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }) });
    outgoing.end(JSON.stringify(error.status));
  }
}
