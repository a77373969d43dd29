import { createServer, request as httpRequest, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect as connectTcp, type AddressInfo, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { silentLogger, systemClock, systemRandom } from "@skiff/base";
import { CertificateAuthority } from "@skiff/apiserver";
import { IngressFront } from "./node-ingress-front.ts";
import { RouteMatcher } from "./route-matcher.ts";
import type { Certificate, Endpoint, Route } from "./routing-table.ts";

let fallback: Certificate;
let own: Certificate;
let front: IngressFront;
let http: number;
let https: number;
let matcher: RouteMatcher;
const servers: Server[] = [];

beforeAll(() => {
  const host = { clock: systemClock, random: systemRandom };
  const made = CertificateAuthority.create(host, "fallback.example").save();
  fallback = { certificate: made.certificatePem, key: made.privateKeyPem };
  const issued = CertificateAuthority.create(host, "an authority").issueServerCertificate(["own.example"], []);
  own = { certificate: issued.certificatePem, key: issued.privateKeyPem };
});

beforeEach(async () => {
  front = new IngressFront({
    log: silentLogger,
    routes: { match: (host, url) => matcher.match(host, url), certificate: (name) => matcher.certificate(name) },
    fallbackCertificate: fallback,
    newRequestId: () => "id-1",
  });
  http = await front.listenHttp(0, "127.0.0.1");
  https = await front.listenHttps(0, "127.0.0.1");
  serve([]);
});
afterEach(async () => {
  await front.close(0);
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function serve(endpoints: readonly Endpoint[], more: Partial<Route> = {}): void {
  const route: Route = {
    match: "prefix",
    path: "/",
    ingress: "default/a",
    backend: { key: "default/web:80", endpoints },
    protocol: "http",
    rewrite: undefined,
    redirectToTls: false,
    bodyLimit: 0,
    readTimeoutMs: 2000,
    affinityCookie: undefined,
    ...more,
  };
  matcher = new RouteMatcher({
    hosts: [{ host: "a.example", routes: [route] }],
    certificates: new Map([["own.example", own]]),
    problems: [],
  });
}

/** A backend on a port of its own. */
async function backend(listener: RequestListener): Promise<Endpoint & { server: Server }> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port, server };
}

/** A port on which nobody listens. */
async function closedPort(): Promise<Endpoint> {
  const { host, port, server } = await backend(() => {});
  await new Promise((resolve) => server.close(resolve));
  return { host, port };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly commonName?: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Over TLS, asking for this name. */
  readonly servername?: string;
}

function ask(path = "/", { method = "GET", headers = {}, body, servername }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", path, method, headers: { host: "a.example", ...headers }, agent: false };
    const request =
      servername === undefined
        ? httpRequest({ ...options, port: http })
        : httpsRequest({ ...options, port: https, servername, rejectUnauthorized: false });
    request.once("error", reject);
    request.once("response", (response) => {
      const commonName = servername === undefined ? undefined : (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          ...(typeof commonName === "string" ? { commonName } : {}),
        }),
      );
    });
    request.end(body);
  });
}

const echo: RequestListener = (request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.once("end", () => response.end(JSON.stringify({ url: request.url, method: request.method, headers: request.headers, body })));
};

describe("what the front answers itself", () => {
  it.each<[string, number, Asked, Partial<Route>]>([
    ["404 for hosts that nobody has", 404, { headers: { host: "b.example" } }, {}],
    ["400 for what is no host", 400, { headers: { host: "a b" } }, {}],
    ["503 without endpoints", 503, {}, {}],
    ["308 for plain HTTP where TLS is configured", 308, {}, { redirectToTls: true }],
    ["413 for bodies that say they are too large", 413, { method: "POST", body: "12345" }, { bodyLimit: 4 }],
  ])("%s", async (_what, status, asked, route) => {
    serve([], route);
    const answer = await ask("/x?y=1", asked);
    expect(answer.status).toBe(status);
    expect(answer.headers["location"]).toBe(status === 308 ? "https://a.example/x?y=1" : undefined);
    expect(answer.body).toContain(String(status));
  });
});

describe("requests", () => {
  it("reach the backend with their body and where they come from, and with nothing that a client made up", async () => {
    serve([await backend(echo)]);
    const made = {
      "x-forwarded-for": "203.0.113.9",
      "x-real-ip": "203.0.113.9",
      "x-mine": "kept",
      connection: "x-secret",
      "x-secret": "hop",
    };
    const { body } = await ask("/p?q=1", {
      method: "POST",
      body: "hello",
      headers: { ...made, host: "a.example:8080", "content-length": "5" },
    });
    const got = JSON.parse(body) as { url: string; method: string; body: string; headers: Record<string, string> };
    expect(got).toMatchObject({ url: "/p?q=1", method: "POST", body: "hello" });
    expect(got.headers).toMatchObject({
      host: "a.example:8080",
      "x-mine": "kept",
      "x-real-ip": "127.0.0.1",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": "a.example:8080",
      "x-forwarded-port": "8080",
      "x-forwarded-proto": "http",
      "x-request-id": "id-1",
    });
    expect(got.headers).not.toHaveProperty("x-secret");
  });

  it("with a body of unknown length stay one request, whatever the method", async () => {
    serve([await backend(echo)]);
    const smuggled = "GET /smuggled HTTP/1.1\r\nhost: a.example\r\n\r\n";
    const { body } = await ask("/one", { method: "DELETE", body: smuggled, headers: { "transfer-encoding": "chunked" } });
    expect(JSON.parse(body)).toMatchObject({ url: "/one", method: "DELETE", body: smuggled });
  });

  it("end with 413 when the body turns out to be too large", async () => {
    serve([await backend(echo)], { bodyLimit: 1000 });
    const answer = await ask("/", { method: "POST", body: "x".repeat(5000), headers: { "transfer-encoding": "chunked" } });
    expect(answer.status).toBe(413);
  });

  it("take turns, pass over endpoints that are gone, and fail when none is left", async () => {
    const [one, two, gone] = [
      await backend((_, response) => response.end("1")),
      await backend((_, response) => response.end("2")),
      await closedPort(),
    ];
    serve([one, gone, two]);
    const bodies = [];
    for (let index = 0; index < 6; index++)
      bodies.push((await ask("/", { method: index % 2 ? "POST" : "GET", body: index % 2 ? "x" : undefined })).body);
    expect(bodies).toEqual(["1", "2", "2", "1", "2", "2"]);
    serve([gone]);
    expect((await ask()).status).toBe(502);
  });

  it("that may have had an effect are not sent twice", async () => {
    let count = 0;
    const dropping = await backend((request) => {
      count++;
      request.resume().once("end", () => request.socket.destroy());
    });
    serve([dropping, dropping]);
    expect((await ask("/", { method: "POST", body: "x" })).status).toBe(502);
    expect(count).toBe(1);
    expect((await ask("/", { method: "GET" })).status).toBe(502);
    expect(count).toBe(4);
  });

  it("get 504 from a backend that is silent for too long", async () => {
    serve([await backend(() => {})], { readTimeoutMs: 30 });
    expect((await ask("/", { method: "POST" })).status).toBe(504);
  });

  it("stay with their endpoint by a cookie", async () => {
    const both = [await backend((_, response) => response.end("1")), await backend((_, response) => response.end("2"))];
    serve(both, { affinityCookie: "STAY" });
    const first = await ask();
    const cookie = first.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    expect(cookie).toMatch(/^STAY=[0-9a-f]{8}$/);
    for (let index = 0; index < 3; index++) {
      const next = await ask("/", { headers: { cookie: `other=1; ${cookie}` } });
      expect(next.body).toBe(first.body);
      expect(next.headers["set-cookie"]).toBeUndefined();
    }
  });
});

describe("TLS", () => {
  it("shows the certificate of the name, or the self-signed one", async () => {
    serve([await backend(echo)], { redirectToTls: true });
    expect(await ask("/", { servername: "own.example" })).toMatchObject({ status: 200, commonName: "own.example" });
    const other = await ask("/", { servername: "other.example" });
    expect(other.commonName).toBe("fallback.example");
    expect(JSON.parse(other.body)).toMatchObject({ headers: { "x-forwarded-proto": "https", "x-forwarded-port": "443" } });
  });

  it("speaks HTTP/2", async () => {
    serve([await backend(echo)]);
    const session = connectHttp2(`https://127.0.0.1:${https}`, { rejectUnauthorized: false });
    const stream = session.request({ ":method": "POST", ":path": "/h2", ":authority": "a.example" });
    stream.end("hello");
    let body = "";
    let status: number | undefined;
    stream.once("response", (headers) => (status = headers[":status"]));
    for await (const chunk of stream as AsyncIterable<Buffer>) body += chunk.toString();
    session.close();
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ url: "/h2", body: "hello", headers: { host: "a.example", "x-forwarded-proto": "https" } });
  });
});

describe("gRPC", () => {
  let server: Http2Server;
  afterEach(() => server.close());

  /** Asks by HTTP/2, and answers the head, the body and the trailers. */
  async function call(answer: (stream: ServerHttp2Stream) => void): Promise<Record<string, unknown>> {
    server = createHttp2Server();
    server.on("stream", answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    serve([await closedPort(), { host: "127.0.0.1", port: (server.address() as AddressInfo).port }], { protocol: "grpc" });
    const session = connectHttp2(`https://127.0.0.1:${https}`, { rejectUnauthorized: false });
    const stream = session.request({
      ":method": "POST",
      ":path": "/a.B/C",
      ":authority": "a.example",
      te: "trailers",
      "content-type": "application/grpc",
    });
    stream.end("ask");
    const result: Record<string, unknown> = {};
    stream.once("response", (headers, flags) =>
      Object.assign(result, { status: headers[":status"], early: headers["grpc-status"], endsThere: (flags & 1) === 1 }),
    );
    stream.once("trailers", (trailers) => (result["late"] = trailers["grpc-status"]));
    let body = "";
    for await (const chunk of stream as AsyncIterable<Buffer>) body += chunk.toString();
    session.close();
    return { ...result, body };
  }

  it("passes messages and trailers on, past an endpoint that is gone", async () => {
    const answered = await call((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.on("data", (chunk: Buffer) => stream.write(`got ${chunk.toString()}`));
      stream.once("end", () => stream.end());
    });
    expect(answered).toEqual({ status: 200, early: undefined, endsThere: false, late: "0", body: "got ask" });
  });

  it("keeps an answer without messages as one head", async () => {
    const answered = await call((stream) => stream.respond({ ":status": 200, "grpc-status": "12" }, { endStream: true }));
    expect(answered).toMatchObject({ status: 200, early: "12", endsThere: true, body: "" });
  });
});

describe("upgrades", () => {
  /** Sends a request as it is, and answers all that comes back. */
  function raw(text: string, onData?: (socket: Socket, all: string) => void): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connectTcp(http, "127.0.0.1", () => socket.write(text));
      let all = "";
      socket.on("data", (chunk: Buffer) => {
        all += chunk.toString();
        onData?.(socket, all);
      });
      socket.once("error", reject);
      socket.once("close", () => resolve(all));
    });
  }
  const head = (path: string, protocol: string, more = ""): string =>
    `GET ${path} HTTP/1.1\r\nhost: a.example\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n${more}\r\n`;

  it("join both connections", async () => {
    const endpoint = await backend(echo);
    endpoint.server.on("upgrade", (request: { url?: string }, socket: Socket) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\nhello ${request.url};`);
      socket.on("data", (chunk: Buffer) => socket.end(`got ${chunk.toString()}`));
    });
    serve([endpoint]);
    const all = await raw(head("/ws", "websocket"), (socket, text) => text.endsWith("hello /ws;") && socket.write("ping"));
    expect(all).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n(.+\r\n)+\r\nhello \/ws;got ping$/);
  });

  it("that the backend refuses, or that nobody serves, end with a plain answer", async () => {
    serve([await backend((_request, response) => response.writeHead(403).end("no"))]);
    expect(await raw(head("/ws", "websocket"))).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[^]*\r\n\r\nno$/);
    serve([]);
    expect(await raw(head("/ws", "websocket"))).toMatch(/^HTTP\/1\.1 503 /);
  });

  it("to HTTP/2 are answered by HTTP/1.1, body included", async () => {
    serve([await backend(echo)]);
    const request = head("/x", "h2c", "content-length: 5\r\n").replace("GET", "POST");
    const all = await raw(`${request}hello`);
    expect(all).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(JSON.parse(all.slice(all.indexOf("\r\n\r\n")))).toMatchObject({ url: "/x", method: "POST", body: "hello" });
  });
});

it("finishes what is under way before it closes", async () => {
  let finish = (): void => {};
  let begun = (): void => {};
  const isBegun = new Promise<void>((resolve) => (begun = resolve));
  serve([
    await backend((_request, response) => {
      finish = () => response.end("done");
      begun();
    }),
  ]);
  const answer = ask();
  await isBegun;
  const closed = front.close(10_000);
  finish();
  expect(await answer).toMatchObject({ status: 200, body: "done", headers: { connection: "close" } });
  await closed;
});
