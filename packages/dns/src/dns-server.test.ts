import { silentLogger } from "@skiff/base";
import { testHost } from "@skiff/base/testing";
import { decode, encode, type Packet } from "dns-packet";
import { describe, expect, it } from "vitest";
import type { ClusterRecords } from "./cluster-records.ts";
import { DnsServer } from "./dns-server.ts";
import { Forwarder, responseCode } from "./forwarder.ts";
import type { DnsSockets } from "./sockets.ts";

const manyPods: ClusterRecords = {
  service: (_namespace, name) =>
    name === "big"
      ? { metadata: { name, namespace: "n" }, spec: { clusterIP: "None" } }
      : name === "out"
        ? { spec: { type: "ExternalName", externalName: "example.com" } }
        : undefined,
  hasNamespace: () => true,
  slices: () => [
    { addressType: "IPv4", metadata: {}, endpoints: Array.from({ length: 200 }, (_, index) => ({ addresses: [`10.244.1.${index}`] })) },
  ],
  serviceAt: () => undefined,
  slicesAt: () => [],
};

/** Upstream servers as data: what each answers; one that is missing never answers. */
function serverWith(upstream: Record<string, (question: string) => Packet["answers"]>): {
  server: DnsServer;
  asked: string[];
  advance: (ms: number) => Promise<void>;
} {
  const asked: string[] = [];
  const { clock } = testHost();
  const sockets: DnsSockets = {
    listen: () => Promise.resolve(0),
    close: () => Promise.resolve(),
    exchange: async (server, message) => {
      const query = decode(Buffer.from(message));
      const name = query.questions?.[0]?.name ?? "";
      asked.push(`${server} ${name}`);
      const reply = upstream[server];
      if (reply === undefined) throw new Error("no answer");
      return encode({ type: "response", id: query.id, questions: query.questions, answers: reply(name) });
    },
  };
  const forwarder = new Forwarder(sockets, clock, () => ["192.0.2.1", "192.0.2.2"]);
  return {
    server: new DnsServer({ log: silentLogger, sockets, records: manyPods, domain: "cluster.local", forwarder }),
    asked,
    advance: (ms) => clock.advance(ms),
  };
}

async function ask(server: DnsServer, packet: Packet, transport: "udp" | "tcp" = "udp") {
  const reply = await server.respond(encode({ type: "query", id: 77, flags: 0x0100, ...packet }), transport);
  if (reply === undefined) throw new Error("no reply");
  return { size: reply.length, ...decode(Buffer.from(reply)) };
}

describe("DnsServer", () => {
  it("keeps UDP answers within the size that the client can take, and says that there is more", async () => {
    const { server } = serverWith({});
    const questions: Packet["questions"] = [{ name: "big.n.svc.cluster.local", type: "A" }];
    const plain = await ask(server, { questions });
    expect(plain.size).toBeLessThanOrEqual(512);
    expect(plain.flag_tc).toBe(true);
    const large = await ask(server, {
      questions,
      additionals: [
        { name: ".", type: "OPT", udpPayloadSize: 4096, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] },
      ],
    });
    expect(large.size).toBeGreaterThan(512);
    expect(large.size).toBeLessThanOrEqual(1232);
    const tcp = await ask(server, { questions }, "tcp");
    expect(tcp.flag_tc).toBe(false);
    expect(tcp.answers).toHaveLength(200);
    expect(tcp.id).toBe(77);
  });

  it("says that a name of the cluster does not exist, with the record that limits how long this is remembered", async () => {
    const reply = await ask(serverWith({}).server, { questions: [{ name: "no.n.svc.cluster.local", type: "A" }] });
    expect(responseCode(reply)).toBe(3);
    expect(reply.authorities?.[0]?.type).toBe("SOA");
  });

  it("asks the next server when one does not answer, and remembers the answer for its time", async () => {
    const { server, asked, advance } = serverWith({ "192.0.2.2": (name) => [{ name, type: "A", ttl: 30, data: "198.51.100.9" }] });
    const questions: Packet["questions"] = [{ name: "example.com", type: "A" }];
    expect((await ask(server, { questions })).answers).toMatchObject([{ data: "198.51.100.9" }]);
    await advance(20_000);
    // Whoever asks now may remember it for what is left of its time.
    expect((await ask(server, { questions })).answers).toMatchObject([{ data: "198.51.100.9", ttl: 10 }]);
    expect(asked).toEqual(["192.0.2.1 example.com", "192.0.2.2 example.com"]);
    await advance(11_000);
    await ask(server, { questions });
    expect(asked).toHaveLength(4);
  });

  it("follows an ExternalName out of the cluster", async () => {
    const { server } = serverWith({ "192.0.2.1": (name) => [{ name, type: "A", ttl: 30, data: "198.51.100.9" }] });
    const reply = await ask(server, { questions: [{ name: "out.n.svc.cluster.local", type: "A" }] });
    expect(reply.answers).toMatchObject([
      { type: "CNAME", data: "example.com" },
      { type: "A", name: "example.com", data: "198.51.100.9" },
    ]);
  });

  it("answers a failure when no server does", async () => {
    expect(responseCode(await ask(serverWith({}).server, { questions: [{ name: "example.com", type: "A" }] }))).toBe(2);
  });

  it.each([
    ["noise", Uint8Array.from([1, 2, 3]), undefined],
    ["a header without the question that it announces", Uint8Array.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), 1],
    ["a name that points to itself", Uint8Array.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 0x0c, 0, 1, 0, 1]), 1],
    ["another kind of message", Uint8Array.from([0, 9, 0x28, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x61, 0, 0, 1, 0, 1]), 4],
  ])("survives %s", async (_what, message, code) => {
    const reply = await serverWith({}).server.respond(message, "udp");
    expect(reply === undefined ? undefined : (reply[3] ?? 0) & 15).toBe(code);
  });
});
