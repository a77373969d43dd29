import * as https from "node:https";
import { PassThrough } from "node:stream";
import * as tls from "node:tls";
import { WebSocket } from "ws";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { silentLogger, systemClock, systemRandom, type Host } from "@skiff/base";
import { statusError } from "@skiff/api";
import { ClusterPki } from "../pki/cluster-pki.ts";
import { PeerCertificateVerifier } from "../pki/peer-certificate.ts";
import type { Reply } from "../reply.ts";
import type { ServerRequest } from "../server-request.ts";
import type { WatchSession, WatchSink } from "../watch-session.ts";
import type { FrontLimits } from "./front-limits.ts";
import { createHttpsFront, type HttpsFront } from "./https-front.ts";

const host: Host = { clock: systemClock, random: systemRandom, log: silentLogger };
const pki = new ClusterPki(host, { apiServerIps: ["127.0.0.1"] });

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

let front: HttpsFront | undefined;
let port = 0;
let seen: ServerRequest[] = [];

async function start(handle: (request: ServerRequest) => Promise<Reply>, limits: Partial<FrontLimits> = {}): Promise<void> {
  seen = [];
  front = createHttpsFront({
    host,
    server: {
      handle: (request) => {
        seen.push(request);
        return handle(request);
      },
    },
    certificate: () => pki.apiServer,
    clientAuthorities: [pki.authority.certificatePem],
    verifier: new PeerCertificateVerifier(host.clock, pki.authority.certificatePem),
    limits,
  });
  port = await front.listen(0, "127.0.0.1");
}

const ok = (value: unknown): Reply => ({ type: "value", status: 200, value });

async function echoBody({ body }: ServerRequest): Promise<Reply> {
  return ok({ bytes: body.type === "bytes" ? (await body.read()).length : 0 });
}

function send(path: string, options: https.RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      { host: "127.0.0.1", port, path, ca: pki.authority.certificatePem, agent: false, ...options },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }),
        );
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** Sends bytes as they are and answers everything that comes back until the server closes. */
function sendRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port, ca: pki.authority.certificatePem }, () => socket.write(text));
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
    socket.on("error", reject);
  });
}

beforeAll(() => void pki.apiServer);

afterEach(async () => {
  await front?.close(0);
  front = undefined;
});

describe("requests", () => {
  it("arrive with path, query and headers as they were sent", async () => {
    await start(async () => ok({}));
    const { status, headers } = await send("/api/v1/namespaces/%2e%2e/secrets?watch=false&x=a%20b", {
      headers: { "impersonate-user": "jane" },
    });
    expect(status).toBe(200);
    expect(headers["audit-id"]).toMatch(/^[\w-]{36}$/);
    expect(headers["cache-control"]).toBe("no-cache, private");
    expect(seen[0]).toMatchObject({ path: "/api/v1/namespaces/%2e%2e/secrets", internal: false, headers: { "impersonate-user": "jane" } });
    expect(seen[0]?.query.get("x")).toBe("a b");
  });

  it("carry what the client's certificate proves, and nothing for one of another authority", async () => {
    await start(async () => ok({}));
    const own = pki.authority.issueClientCertificate("jane", ["dev"]);
    const other = new ClusterPki(host).authority.issueClientCertificate("mallory", ["system:masters"]);
    for (const { certificatePem, privateKeyPem } of [own, other]) await send("/", { cert: certificatePem, key: privateKeyPem });
    expect(seen[0]?.credentials?.clientCertificate).toMatchObject({ commonName: "jane", organizations: ["dev"] });
    expect(seen[1]?.credentials?.clientCertificate).toBeUndefined();
  });

  it("carry it too when a TLS session is resumed", async () => {
    await start(async () => ok({}));
    const { certificatePem, privateKeyPem } = pki.authority.issueClientCertificate("jane");
    const agent = new https.Agent({ keepAlive: false, cert: certificatePem, key: privateKeyPem, ca: pki.authority.certificatePem });
    for (let count = 0; count < 3; count++) await send("/", { agent });
    expect(seen.map(({ credentials }) => credentials?.clientCertificate?.commonName)).toEqual(["jane", "jane", "jane"]);
  });

  it("abort their signal when the client goes away", async () => {
    let gone: (() => void) | undefined;
    const aborted = new Promise<void>((resolve) => (gone = resolve));
    await start(
      ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            gone?.();
            reject(statusError("Timeout", "gone"));
          });
          client.destroy();
        }),
    );
    const client = https.get({ host: "127.0.0.1", port, path: "/", ca: pki.authority.certificatePem, agent: false });
    client.on("error", () => {});
    await aborted;
  });
});

describe("bad input", () => {
  it.each([
    ["a URL that is too long", `/${"x".repeat(9000)}`, {}, 414],
    ["headers that are too large", "/", { headers: { "x-large": "x".repeat(17_000) } }, 431],
    ["a broken escape in the query", "/api?x=%zz", {}, 400],
    ["an unknown method", "/", { method: "PROPFIND" }, 405],
  ])("%s", async (_what, path, options, status) => {
    await start(async () => ok({}));
    expect((await send(path, options)).status).toBe(status);
    expect(seen).toHaveLength(0);
  });

  it("refuses bodies above the limit by their length, and by counting when no length is given", async () => {
    await start(echoBody, { maxBodyBytes: 1000 });
    const announced = await send("/", { method: "DELETE", headers: { "content-length": 2000 } }, Buffer.alloc(2000));
    const chunked = await send("/", { method: "POST", headers: { "transfer-encoding": "chunked" } }, Buffer.alloc(2000));
    for (const answer of [announced, chunked]) {
      expect(answer.status).toBe(413);
      expect(JSON.parse(answer.body)).toMatchObject({ kind: "Status", reason: "RequestEntityTooLarge" });
    }
    expect((await send("/", { method: "POST" }, Buffer.alloc(1000))).body).toBe('{"bytes":1000}\n');
  });

  it.each([
    ["a length and chunks", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"],
    ["two tokens", "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nAuthorization: Bearer y\r\nConnection: close\r\n\r\n"],
    ["garbage", "\x16\x03\x01 hello\r\n\r\n"],
  ])("refuses %s and closes the connection", async (_what, text) => {
    await start(async () => ok({}));
    expect(await sendRaw(text)).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toHaveLength(0);
  });

  it.each([
    ["headers", "GET / HTTP/1.1\r\nHost: a\r\nX-"],
    ["bodies", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"],
  ])("does not wait for slow %s", async (_what, text) => {
    await start(echoBody, { headersTimeoutMs: 300, requestTimeoutMs: 600 });
    expect(await sendRaw(text)).toMatch(/^HTTP\/1\.1 408 |^$/);
  });

  it("tells clients nothing about errors of its own", async () => {
    await start(async () => {
      throw new Error("the password is hunter2");
    });
    const { status, body } = await send("/");
    expect(status).toBe(500);
    expect(body).not.toContain("hunter2");
  });
});

describe("answers", () => {
  it("carry warnings and the time to wait as headers", async () => {
    await start(
      async () =>
        ({
          ...ok(statusError("TooManyRequests", "later", { retryAfterSeconds: 7 }).status),
          status: 429,
          warnings: ['unknown field "spec.ü"\r\nx: y'],
        }) as Reply,
    );
    const { headers } = await send("/");
    expect(headers["retry-after"]).toBe("7");
    expect(Buffer.from(String(headers["warning"]), "latin1").toString()).toBe('299 - "unknown field \\"spec.ü\\"  x: y"');
  });

  it.each([
    ["application/yaml", "application/yaml", "a: 1\n"],
    ["application/vnd.kubernetes.protobuf, application/json", "application/json", '{"a":1}\n'],
  ])("to %s are %s", async (accept, contentType, body) => {
    await start(async () => ok({ a: 1 }));
    expect(await send("/", { headers: { accept } })).toMatchObject({ status: 200, headers: { "content-type": contentType }, body });
  });

  it("are packed when they are large and the client can unpack them", async () => {
    await start(async () => ok("x".repeat(200_000)));
    const packed = await send("/", { headers: { "accept-encoding": "gzip" } });
    expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
    expect(Number(packed.headers["content-length"])).toBeLessThan(10_000);
    expect((await send("/", { headers: { "accept-encoding": "gzip;q=0" } })).headers["content-encoding"]).toBeUndefined();
  });

  it("have no body for HEAD", async () => {
    await start(async () => ok({ a: 1 }));
    expect(await send("/", { method: "HEAD" })).toMatchObject({ status: 200, headers: { "content-length": "8" }, body: "" });
  });
});

describe("upgrades", () => {
  const WEBSOCKET =
    "GET /exec HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n";

  it("pass bytes both ways, those that came early included, and end when the backend ends", async () => {
    await start(async () => {
      const stream = new PassThrough();
      stream.on("data", (chunk: Buffer) => {
        if (chunk.includes("bye")) stream.end();
      });
      return { type: "upgrade", status: 101, headers: { connection: "Upgrade", upgrade: "SPDY/3.1" }, stream };
    });
    const text = await sendRaw("POST /exec HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nhello bye");
    expect(text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(text).toMatch(/upgrade: SPDY\/3\.1\r\n\r\nhello bye$/);
  });

  it("answer refusals as ordinary errors", async () => {
    await start(async () => {
      throw statusError("Forbidden", "no");
    });
    expect(await sendRaw(WEBSOCKET.replace("v5", "v4"))).toMatch(/^HTTP\/1\.1 403 [^]*"reason":"Forbidden"/);
  });

  it.each([
    { protocols: ["binary.k8s.io"], received: Buffer.from("one line\n") },
    { protocols: ["base64.binary.k8s.io"], received: Buffer.from(Buffer.from("one line\n").toString("base64")) },
    { protocols: [], received: Buffer.from("one line\n") },
  ])("send a log as messages: $protocols", async ({ protocols, received }) => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("one line\n");
    }
    await start(async () => ({ type: "stream", status: 200, headers: { "content-type": "text/plain" }, body: body() }));
    const client = new WebSocket(`wss://127.0.0.1:${port}/log`, protocols, { ca: pki.authority.certificatePem });
    const messages: Buffer[] = [];
    client.on("message", (data: Buffer) => messages.push(data));
    const code = await new Promise<number>((resolve, reject) => {
      client.once("close", resolve);
      client.once("error", reject);
    });
    expect({ code, messages, protocol: client.protocol }).toEqual({ code: 1000, messages: [received], protocol: protocols[0] ?? "" });
  });

  it("refuse protocols that no runtime speaks, so that kubectl falls back to SPDY", async () => {
    await start(async () => ok({}));
    expect(await sendRaw(WEBSOCKET)).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toHaveLength(0);
  });
});

it("waits for requests under way when it closes, and closes their connections", async () => {
  let finish: ((reply: Reply) => void) | undefined;
  let arrived: (() => void) | undefined;
  const underWay = new Promise<void>((resolve) => (arrived = resolve));
  await start(() => {
    arrived?.();
    return new Promise((resolve) => (finish = resolve));
  });
  const answer = send("/", { agent: new https.Agent({ keepAlive: true }) });
  await underWay;
  const closed = front?.close(60_000);
  finish?.(ok({}));
  expect((await answer).status).toBe(200);
  await closed;
});

it("ends watches when it closes, and does not wait for their clients to go", async () => {
  let opened: (() => void) | undefined;
  const isOpen = new Promise<void>((resolve) => (opened = resolve));
  let sink: WatchSink | undefined;
  const session = {
    start: (to: WatchSink) => {
      sink = to;
      sink.error(statusError("Expired", "gone").status);
      opened?.();
    },
    close: () => sink?.end(),
  };
  await start(async () => ({ type: "watch", session: session as unknown as WatchSession }));
  const answer = send("/", { agent: new https.Agent({ keepAlive: true }) });
  await isOpen;
  await front?.close(60_000);
  expect((await answer).body).toMatch(/^\{"type":"ERROR","object":\{.*"reason":"Expired".*\}\}\n$/);
});
