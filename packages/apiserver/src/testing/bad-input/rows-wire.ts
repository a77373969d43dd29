import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { randomInteger, type Random } from "@skiff/base";
import type { Answer, BadInput, Expected, Row } from "./bad-input.ts";
import { configMap, CONFIG_MAPS, freshName } from "./generators.ts";
import { FEW_CONNECTIONS, type Lab } from "./lab.ts";

const BAD_REQUEST: Expected = { status: 400, reason: "BadRequest" };
/** Node's own parser refuses before there is a request; such answers have no body. */
const UNREADABLE: Expected = { status: 400 };
const HEAD = `POST ${CONFIG_MAPS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`;

function raw(what: string, make: (random: Random) => string, expected: Expected = UNREADABLE): BadInput {
  return { what, make: (random) => ({ raw: make(random) }), expected };
}

function refusedGet(what: string, path: (random: Random) => string, expected: Expected): BadInput {
  return { what, make: (random) => ({ path: path(random) }), expected };
}

/** A request inside the body of another one: what smuggling would bring to life. */
function inner(random: Random): string {
  const body = JSON.stringify(configMap(freshName(random)));
  return `${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** Opens a TLS connection and resolves with it; with `undefined` when it is refused or closed at once. */
function open(lab: Lab, port: number, options: ConnectionOptions = {}): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, ca: lab.pki.authority.certificatePem, ...options }, () => resolve(socket));
    socket.on("error", () => resolve(undefined));
    socket.on("close", () => resolve(undefined));
  });
}

/** As many connections as the front takes; then another one is closed, and those that are open still work. */
async function floodConnections(lab: Lab): Promise<Answer> {
  const opened = await Promise.all(Array.from({ length: FEW_CONNECTIONS + 10 }, () => open(lab, lab.smallPort)));
  const sockets = opened.filter((socket) => socket !== undefined);
  const elsewhere = await lab.send({ path: "/readyz" });
  for (const socket of sockets) socket.destroy();
  return { ...elsewhere, text: `${sockets.length <= FEW_CONNECTIONS ? "bounded" : "unbounded"} ${elsewhere.text}` };
}

/** What is asked for with an `Upgrade` header but is no upgrade. */
function upgrade(what: string, lines: string, expected: Expected, body: (random: Random) => string = () => ""): BadInput {
  const path = "/api/v1/namespaces/default/pods/kept";
  return raw(what, (random) => `${lines.replaceAll("POD", path)}\r\nHost: a\r\n\r\n${body(random)}`, expected);
}

const SPDY = "Connection: Upgrade\r\nUpgrade: SPDY/3.1";
const WEBSOCKET = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

/** What is about the connection and its first lines: rows 10 to 15, 20, 21, 57 and 65. */
export const WIRE_ROWS: readonly Row[] = [
  {
    row: 10,
    name: "request smuggling",
    inputs: [
      raw("a length and chunks", (random) => `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner(random)}`),
      raw("chunks spelt oddly", (random) => `${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner(random)}`),
      raw("chunks and another coding", (random) => `${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner(random)}`),
      raw("two lengths", (random) => `${HEAD}Content-Length: 4\r\nContent-Length: 40\r\n\r\n{}  ${inner(random)}`),
      raw("a length with a sign", (random) => `${HEAD}Content-Length: +4\r\n\r\n{}  ${inner(random)}`),
      raw(
        "a header folded over two lines",
        (random) => `${HEAD}Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n\r\n${inner(random)}`,
      ),
      raw("a space before the colon", (random) => `${HEAD}Content-Length : 4\r\n\r\n${inner(random)}`),
      raw("bare line feeds", (random) => `${HEAD.replaceAll("\r\n", "\n")}Content-Length: 4\n\n{}  ${inner(random)}`),
      raw("a chunk that is longer than it says", (random) => `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx${inner(random)}`),
      raw("a chunk length of 17 digits", (random) => `${HEAD}Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}${inner(random)}`),
      raw("no host", () => "GET /readyz HTTP/1.1\r\n\r\n"),
      raw("two hosts", () => "GET /readyz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"),
      raw(
        "two tokens",
        () => "GET /readyz HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\nConnection: close\r\n\r\n",
      ),
      raw("NUL in a header", () => "GET /readyz HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n"),
      raw("random bytes", (random) => `${Buffer.from(random.bytes(200)).toString("latin1")}\r\n\r\n`),
    ],
  },
  {
    row: 11,
    name: "slow clients",
    inputs: [
      ["headers", "GET /readyz HTTP/1.1\r\nHost: a\r\nX-"],
      ["bodies", `${HEAD}Content-Length: 100\r\n\r\n{`],
      ["chunks", `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{`],
    ].map(([what = "", text = ""]) => ({
      what,
      make: () => (lab: Lab) => lab.raw({ raw: text }, lab.shortPort),
      expected: { status: [0, 408] },
    })),
  },
  {
    row: 12,
    name: "floods of connections, and HTTP/2",
    skipped: "rapid reset, CONTINUATION floods and HPACK: HTTP/2 is not spoken",
    inputs: [
      { what: "connections", make: () => floodConnections, expected: { status: 200, text: /^bounded ok/ } },
      raw("the preface of HTTP/2", () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", { status: [0, 400, 505] }),
      {
        what: "HTTP/2 is not agreed on",
        make: () => async (lab) => {
          const socket = await open(lab, lab.port, { ALPNProtocols: ["h2", "http/1.1"] });
          const agreed = socket?.alpnProtocol;
          socket?.destroy();
          return { status: agreed === "h2" ? 2 : 1, headers: {}, text: String(agreed) };
        },
        expected: { status: 1 },
      },
    ],
  },
  {
    row: 13,
    name: "headers and URLs that are too large",
    inputs: [
      {
        what: "headers",
        make: (random) => ({ path: "/readyz", headers: { "x-a": "a".repeat(16_500 + randomInteger(random, 9000)) } }),
        expected: { status: 431 },
      },
      {
        what: "many headers",
        make: () => ({ path: "/readyz", headers: Object.fromEntries(Array.from({ length: 1900 }, (_, index) => [`x-${index}`, "a"])) }),
        // Node refuses them with either, by where the limit falls.
        expected: { status: [400, 431] },
      },
      refusedGet("URL", (random) => `/api/v1/${"a".repeat(8200 + randomInteger(random, 4000))}`, { ...BAD_REQUEST, status: 414 }),
      refusedGet("query", (random) => `${CONFIG_MAPS}?labelSelector=${"a".repeat(8200 + randomInteger(random, 4000))}`, {
        ...BAD_REQUEST,
        status: 414,
      }),
    ],
  },
  {
    row: 14,
    name: "content types",
    inputs: [
      ...["text/plain", "application/xml", "application/jsonx", "multipart/form-data; boundary=x", "application/cbor", "json"].map(
        (type): BadInput => ({
          what: type,
          make: (random) => ({ method: "POST", path: CONFIG_MAPS, body: configMap(freshName(random)), headers: { "content-type": type } }),
          expected: { status: 415, reason: "UnsupportedMediaType" },
        }),
      ),
      ...["application/json", "application/strategic-merge-patch", "text/plain", "application/apply-patch+cbor"].map((type): BadInput => ({
        what: `patch of ${type}`,
        make: () => ({ method: "PATCH", path: `${CONFIG_MAPS}/kept`, body: {}, headers: { "content-type": type } }),
        expected: { status: 415, reason: "UnsupportedMediaType" },
      })),
    ],
  },
  {
    row: 15,
    name: "answers that nobody can give",
    inputs: [
      "text/html",
      "application/cbor",
      "application/json;as=Table;v=v2;g=meta.k8s.io",
      "application/json;as=Chair;v=v1;g=meta.k8s.io",
      "application/json;q=0",
      "*/*;q=x",
      "application/vnd.kubernetes.protobuf",
      "/;,,=",
    ]
      .map((accept): BadInput => ({
        what: accept,
        make: () => ({ path: CONFIG_MAPS, headers: { accept } }),
        expected: { status: 406, reason: "NotAcceptable" },
      }))
      .concat({
        what: "a table of what is never stored",
        make: () => ({
          method: "POST",
          path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
          body: { spec: { nonResourceAttributes: { path: "/", verb: "get" } } },
          headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
        }),
        expected: { status: 406, reason: "NotAcceptable" },
      }),
  },
  {
    row: 20,
    name: "paths that could be read in two ways",
    inputs: [
      ...["%2e%2e", "%2E.", ".%2e", "..", ".", "%2e", "a%2fb", "a%00b", "a%5cb", "%5c..", "%2e%2e%2fsecrets"].map((segment) =>
        refusedGet(`namespace ${segment}`, () => `/api/v1/namespaces/${segment}/secrets`, BAD_REQUEST),
      ),
      refusedGet("an empty namespace", () => "/api/v1/namespaces//secrets", BAD_REQUEST),
      refusedGet("an empty name", () => "/api/v1/namespaces/default/secrets//status", BAD_REQUEST),
      refusedGet("two slashes at the start", () => "//api/v1/namespaces", { status: 404 }),
      refusedGet("escaped twice", () => "/api/v1/namespaces/default/secrets/%252e%252e", { status: 404, reason: "NotFound" }),
      refusedGet("a segment that no one has", (random) => `/api/v1/${freshName(random)}/${"x/".repeat(randomInteger(random, 60))}`, {
        status: 404,
      }),
      raw("an absolute URL", () => "GET https://evil.example/api/v1/secrets HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {
        status: [400, 404],
      }),
      raw("the authority form", () => "GET evil.example:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", { status: [400, 404] }),
      raw("an asterisk", () => "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", { status: [400, 404] }),
      raw("CONNECT", () => "CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", { status: [0, 400, 405] }),
    ],
  },
  {
    row: 21,
    name: "malformed percent encoding",
    inputs: ["%", "%z1", "%1", "%c0%ae", "%ff", "%ed%a0%80", "a%2"].flatMap((text) => [
      refusedGet(`path ${text}`, () => `/api/v1/namespaces/default/configmaps/${text}`, BAD_REQUEST),
      refusedGet(`query ${text}`, () => `${CONFIG_MAPS}?labelSelector=${text}`, BAD_REQUEST),
    ]),
  },
  {
    row: 57,
    name: "upgrades that are none",
    inputs: [
      {
        what: "exec without an upgrade",
        make: () => ({ method: "POST", path: "/api/v1/namespaces/default/pods/kept/exec?command=ls&stdout=true" }),
        expected: { status: 400, reason: "BadRequest" },
      },
      upgrade(
        "an unknown protocol",
        "POST POD/exec?command=ls&stdout=true HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: gopher",
        { status: [400, 403, 500, 502] },
        (random) => Buffer.from(random.bytes(50)).toString("latin1"),
      ),
      upgrade(
        "an unknown WebSocket subprotocol",
        `GET POD/exec?command=ls&stdout=true HTTP/1.1\r\n${WEBSOCKET}\r\nSec-WebSocket-Protocol: v9.channel.k8s.io`,
        { status: [400, 403, 500, 502] },
      ),
      upgrade("a container that is not there", `POST POD/exec?command=ls&container=none HTTP/1.1\r\n${SPDY}`, BAD_REQUEST),
      upgrade("a Pod that is not there", `POST POD-none/exec?command=ls HTTP/1.1\r\n${SPDY}`, { status: 404, reason: "NotFound" }),
      upgrade("an upgrade of a list", `GET ${CONFIG_MAPS} HTTP/1.1\r\n${SPDY}`, { status: [200, 400] }),
      upgrade("no right to it", `POST POD/attach HTTP/1.1\r\n${SPDY}\r\nImpersonate-User: jane`, { status: 403, reason: "Forbidden" }),
      {
        what: "bytes behind a refused upgrade reach no backend",
        make: () => async (lab) => {
          lab.nodes.requests.length = 0;
          lab.nodes.answer = { status: 403, text: "no" };
          const path = "/api/v1/namespaces/default/pods/kept/exec?command=ls&stdout=true";
          const smuggled = "GET /pods HTTP/1.1\r\nHost: a\r\n\r\n";
          const answer = await lab.raw({ raw: `POST ${path} HTTP/1.1\r\nHost: a\r\n${SPDY}\r\n\r\n${smuggled}` });
          lab.nodes.answer = { status: 200, text: "" };
          return { ...answer, text: `${lab.nodes.requests.length} ${answer.text}` };
        },
        expected: { status: 403, text: /^1 / },
      },
    ],
  },
  {
    row: 65,
    name: "browsers on foreign pages",
    inputs: [
      {
        what: "a foreign host without credentials",
        make: () => ({ path: CONFIG_MAPS, as: "nobody", headers: { host: "evil.example" } }),
        expected: { status: 401, reason: "Unauthorized" },
      },
      {
        what: "a foreign origin without credentials",
        make: () => ({
          method: "POST",
          path: CONFIG_MAPS,
          as: "nobody",
          body: configMap("csrf"),
          headers: { origin: "https://evil.example" },
        }),
        expected: { status: 401, reason: "Unauthorized" },
      },
      {
        what: "a form",
        make: () => ({
          method: "POST",
          path: CONFIG_MAPS,
          body: "a=b",
          headers: { origin: "https://evil.example", "content-type": "application/x-www-form-urlencoded" },
        }),
        expected: { status: 415, reason: "UnsupportedMediaType" },
      },
      {
        what: "a preflight is given no permission",
        make: () => async (lab) => {
          const headers = { origin: "https://evil.example", "access-control-request-method": "POST" };
          const answer = await lab.send({ method: "OPTIONS", path: CONFIG_MAPS, as: "nobody", headers });
          return { ...answer, text: String(answer.headers["access-control-allow-origin"]) };
        },
        expected: { status: [401, 403, 405], text: /^undefined$/ },
      },
    ],
  },
];
