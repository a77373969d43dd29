import { readFileSync } from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "@skiff/base";
import { testHost } from "@skiff/base/testing";
import { configMapKind, statusError } from "@skiff/api";
import { Client } from "./client.ts";
import { HttpsTransport } from "./https-transport.ts";
import { LineSplitter, LineTooLongError } from "./line-splitter.ts";
import { MemoryApi } from "./testing/memory-api.ts";
import { serveTransport, type ServedTransport } from "./testing/serve-transport.ts";
import { transportContract } from "./testing/transport-contract.ts";

const pause = (): Promise<void> => new Promise((resolve) => systemClock.setTimeout(resolve, 50));

transportContract("in memory", async () => {
  const host = testHost();
  const api = new MemoryApi(host);
  return { transport: api, endWatches: () => api.endWatches(), settle: () => host.clock.settle(), close: async () => {} };
});

transportContract("over HTTP", async () => {
  const api = new MemoryApi(testHost());
  const server = await serveTransport(api);
  const transport = new HttpsTransport({ server: server.url, clock: systemClock });
  return {
    transport,
    endWatches: () => api.endWatches(),
    settle: pause,
    close: async () => {
      transport.close();
      await server.close();
    },
  };
});

describe("HTTP itself", () => {
  let api: MemoryApi;
  let server: ServedTransport;
  let transport: HttpsTransport;
  let requests: http.IncomingMessage[];
  const list = () => new Client(transport).resource(configMapKind).list();

  beforeEach(async () => {
    api = new MemoryApi(testHost());
    requests = [];
    server = await serveTransport(api, (request) => void requests.push(request));
    transport = new HttpsTransport({ server: server.url, clock: systemClock, token: "old" });
  });
  afterEach(async () => {
    transport.close();
    await server.close();
  });

  it("keeps connections and gets over one that the server had closed", async () => {
    await list();
    const port = requests[0]?.socket.remotePort;
    await list();
    expect(requests[1]?.socket.remotePort).toBe(port);
    server.reset();
    await list();
  });

  it.skipIf(process.platform !== "linux")("probes the connection of a silent watch", async () => {
    const watch = await new Client(transport).resource(configMapKind).watch({}, () => {});
    const port = requests[0]?.socket.remotePort?.toString(16).toUpperCase().padStart(4, "0");
    const connections = readFileSync("/proc/self/net/tcp", "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/));
    // Of the kernel's timers this is the one of probes (02), and due in at most 30 s of 100 ticks each.
    const [timer = "", ticks = ""] = connections.find(([, local]) => local === `0100007F:${port}`)?.[5]?.split(":") ?? [];
    expect(timer).toBe("02");
    expect(Number.parseInt(ticks, 16)).toBeLessThanOrEqual(3000);
    watch.close();
  });

  it("follows Retry-After", async () => {
    let refused = 0;
    api.intercept = () => {
      if (refused++ < 2) throw statusError("TooManyRequests", "slow down", { retryAfterSeconds: 0 });
    };
    await list();
    expect(refused).toBe(3);
  });

  it("fetches credentials anew once when they are refused", async () => {
    let token = "old";
    const credentials = { current: () => Promise.resolve({ token }), invalidate: () => void (token = "new") };
    transport = new HttpsTransport({ server: server.url, clock: systemClock, credentials });
    api.intercept = ({ headers }) => {
      if (headers?.authorization !== "Bearer new") throw statusError("Unauthorized", "Unauthorized");
    };
    await list();
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
  });

  it("tells a broken watch from one that ended", async () => {
    const handle = await new Client(transport).resource(configMapKind).watch({}, () => {});
    server.reset();
    await expect(handle.ended).rejects.toThrow();
  });

  it("asks for metadata alone where that is enough", async () => {
    await new Client(transport).resource(configMapKind).list({ metadataOnly: true });
    expect(requests[0]?.headers.accept).toContain("as=PartialObjectMetadataList");
    expect(requests[0]?.url).toBe("/api/v1/configmaps");
  });
});

describe("leaving HTTP", () => {
  it("gives both ends of the connection, early bytes included, or the Status", async () => {
    const server = http.createServer((_request, response) => {
      response.writeHead(403, { "content-type": "application/json" }).end(JSON.stringify(statusError("Forbidden", "no").status));
    });
    server.on("upgrade", (request, socket) => {
      const head = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\nX-Stream-Protocol-Version: v4\r\n\r\n`;
      socket.write(`${head}early`);
      socket.on("data", (data: Buffer) => socket.end(`echo ${data.toString()}`));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const transport = new HttpsTransport({ server: `http://127.0.0.1:${port}`, clock: systemClock });
    const { stream, headers } = await transport.openUpgrade({ method: "POST", path: "/api/v1/namespaces/default/pods/p/exec" }, "SPDY/3.1");
    expect(headers["x-stream-protocol-version"]).toBe("v4");
    stream.write("hello");
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    expect(text).toBe("earlyecho hello");

    server.removeAllListeners("upgrade");
    const refused = transport.openUpgrade({ method: "POST", path: "/x" }, "SPDY/3.1");
    await expect(refused).rejects.toMatchObject({ code: 403, reason: "Forbidden" });
    transport.close();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("lines", () => {
  it.each([[["a\nb\n"]], [["a", "\nb", "\n"]], [["", "a\n\n", "b\n"]]])("are the same however the bytes come: %j", (chunks) => {
    const splitter = new LineSplitter(100);
    expect(chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk)))).toEqual(["a", "b"]);
  });

  it("keep letters whole that chunks cut apart", () => {
    const splitter = new LineSplitter(100);
    const bytes = Buffer.from("😀\n");
    expect([...splitter.push(bytes.subarray(0, 2)), ...splitter.push(bytes.subarray(2))]).toEqual(["😀"]);
  });

  it("may not be longer than the limit", () => {
    const splitter = new LineSplitter(3);
    splitter.push(Buffer.from("abc\nab"));
    expect(() => splitter.push(Buffer.from("cd"))).toThrow(LineTooLongError);
  });
});
