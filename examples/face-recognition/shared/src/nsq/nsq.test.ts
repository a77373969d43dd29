import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolsDirectory } from "@skiff/e2e";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SILENT_LOG } from "../log.ts";
import type { Delivery, Disposition } from "../queue.ts";
import { NsqConsumer } from "./consumer.ts";
import { FrameReader } from "./frames.ts";
import { lookupTopic } from "./lookup.ts";
import { NsqPublisher } from "./publisher.ts";

const BIN = toolsDirectory();

describe("frames", () => {
  const message = Buffer.from("000000220000000200000000000000010003" + Buffer.from("0123456789abcdef").toString("hex") + "3432", "hex");
  // 4 bytes of type, 26 of head, 2 of body.
  message.writeUInt32BE(32, 0);
  const ok = Buffer.from("00000006000000004f4b", "hex");
  const bad = Buffer.from("0000000d00000001455f42414420", "hex");

  it("come out whole however the bytes are cut", () => {
    const bytes = Buffer.concat([ok, message, ok]);
    for (let size = 1; size <= bytes.length; size++) {
      const reader = new FrameReader();
      const frames = [];
      for (let at = 0; at < bytes.length; at += size) frames.push(...reader.push(bytes.subarray(at, at + size)));
      expect(frames).toEqual([
        { type: "response", text: "OK" },
        { type: "message", id: "0123456789abcdef", attempts: 3, body: "42" },
        { type: "response", text: "OK" },
      ]);
    }
  });

  it("are refused when they cannot be nsqd's", () => {
    expect(() => new FrameReader().push(Buffer.from("ffffffff", "hex"))).toThrow("a frame of 4294967295 bytes");
    expect(() => new FrameReader().push(Buffer.from("0000000400000009", "hex"))).toThrow("type 9");
    expect(new FrameReader().push(bad)).toEqual([]);
  });
});

/** A port that is free now. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function until(what: string, probe: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; !(await probe()); attempt++) {
    if (attempt === 200) throw new Error(`not within 10 s: ${what}`);
    await delay(50);
  }
}

const missing = !existsSync(join(BIN, "nsqd")) || !existsSync(join(BIN, "nsqlookupd"));

describe.skipIf(missing)(`with real nsqd${missing ? " (skipped: run npx tsx scripts/build-tools.ts nsqd nsqlookupd)" : ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "nsq-"));
  const ports = { lookupTcp: 0, lookupHttp: 0, tcp: 0, http: 0 };
  let lookupd: ChildProcess;
  let nsqd: ChildProcess;

  const startNsqd = (): ChildProcess =>
    spawn(join(BIN, "nsqd"), [
      `--tcp-address=127.0.0.1:${ports.tcp}`,
      `--http-address=127.0.0.1:${ports.http}`,
      `--data-path=${folder}`,
      `--lookupd-tcp-address=127.0.0.1:${ports.lookupTcp}`,
      "--broadcast-address=localhost",
    ]);
  const well = async (port: number): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/ping`).catch(() => undefined))?.ok === true;
  const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  const consume = (topic: string, handle: (delivery: Delivery) => Promise<Disposition>): NsqConsumer =>
    new NsqConsumer({
      topic,
      channel: "ch",
      maxInFlight: 4,
      log: SILENT_LOG,
      handle,
      lookupAddress: `127.0.0.1:${ports.lookupHttp}`,
      lookupIntervalMs: 100,
    });

  beforeAll(async () => {
    for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();
    lookupd = spawn(join(BIN, "nsqlookupd"), [
      `--tcp-address=127.0.0.1:${ports.lookupTcp}`,
      `--http-address=127.0.0.1:${ports.lookupHttp}`,
    ]);
    nsqd = startNsqd();
    await until("nsqd", () => well(ports.http));
    await until("nsqlookupd", () => well(ports.lookupHttp));
  });
  afterAll(async () => {
    await Promise.all([end(nsqd, "SIGTERM"), end(lookupd, "SIGTERM")]);
    rmSync(folder, { recursive: true, force: true });
  });

  it("messages arrive, some at one time, and come again when they are put back", async () => {
    const publisher = new NsqPublisher(`127.0.0.1:${ports.tcp}`);
    await Promise.all(Array.from({ length: 20 }, (_, index) => publisher.publish("numbers", String(index))));
    await until("the topic", async () => (await lookupTopic(`127.0.0.1:${ports.lookupHttp}`, "numbers")).length === 1);
    const seen: string[] = [];
    let [atOnce, most] = [0, 0];
    const consumer = consume("numbers", async ({ body, attempts }) => {
      most = Math.max(most, ++atOnce);
      await delay(10);
      atOnce--;
      seen.push(`${body}/${attempts}`);
      if (body === "7" && attempts === 1) throw new Error("once more");
      return body === "3" && attempts === 1 ? { requeueAfterMs: 50 } : "done";
    });
    await until("all messages", () => seen.length === 22);
    expect(new Set(seen).size).toBe(22);
    expect(seen).toEqual(expect.arrayContaining(["3/2", "7/2"]));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);

    consumer.pause();
    // It reaches nsqd on another connection than the message.
    await delay(100);
    await publisher.publish("numbers", "paused");
    await delay(300);
    expect(seen).toHaveLength(22);
    consumer.resume();
    await until("the message after the pause", () => seen.includes("paused/1"));
    await consumer.close();
    await publisher.close();
  });

  it("nothing is lost when nsqd is started again: publishers fail clearly, consumers come back", async () => {
    const publisher = new NsqPublisher(`127.0.0.1:${ports.tcp}`);
    await publisher.publish("restarts", "before");
    const seen: string[] = [];
    const consumer = consume("restarts", async ({ body }) => {
      seen.push(body);
      return "done";
    });
    await until("the first message", () => seen.includes("before"));
    await end(nsqd, "SIGTERM");
    await expect(publisher.publish("restarts", "meanwhile")).rejects.toThrow(/ECONNREFUSED|closed/);
    nsqd = startNsqd();
    await until("nsqd", () => well(ports.http));
    await publisher.publish("restarts", "after");
    await until("the message after", () => seen.includes("after"));
    expect(seen).toEqual(["before", "after"]);
    await consumer.close();
    await publisher.close();
  });

  it("a consumer that leaves finishes what it has", async () => {
    const publisher = new NsqPublisher(`127.0.0.1:${ports.tcp}`);
    await publisher.publish("leaving", "1");
    let finished = false;
    const consumer = consume("leaving", async () => {
      await delay(200);
      finished = true;
      return "done";
    });
    await until("the message", () => consumer.inFlight === 1);
    await consumer.close();
    expect(finished).toBe(true);
    await until("the end of the connection", async () => (await channel()).client_count === 0);
    expect(await channel()).toMatchObject({ depth: 0, in_flight_count: 0 });
    await publisher.close();
  });

  /** What nsqd says of the channel of the last test. */
  async function channel(): Promise<{ readonly depth?: number; readonly in_flight_count?: number; readonly client_count?: number }> {
    const stats = (await (await fetch(`http://127.0.0.1:${ports.http}/stats?format=json&topic=leaving`)).json()) as {
      topics: { channels: object[] }[];
    };
    return stats.topics[0]?.channels[0] ?? {};
  }

  it("no topic is no error; no nsqlookupd is", async () => {
    expect(await lookupTopic(`127.0.0.1:${ports.lookupHttp}`, "nowhere")).toEqual([]);
    await expect(lookupTopic("127.0.0.1:1", "x")).rejects.toThrow();
  });
});
