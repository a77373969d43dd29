import { Duplex } from "node:stream";
import { constants, inflateSync } from "node:zlib";
import { statusError } from "@skiff/api";
import { expect, it } from "vitest";
import { MemoryWorld } from "../testing/memory-io.ts";

const FIN = 1;

function data(stream: number, flags: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(stream);
  head.writeUInt32BE(text.length, 4);
  head[4] = flags;
  return Buffer.concat([head, Buffer.from(text)]);
}

/** Says what a runtime would see: the types of its streams, what came in on each, and which of them ended. */
class FakeRuntime {
  readonly opened: string[] = [];
  readonly events: string[] = [];
  readonly #blocks: Buffer[] = [];
  #pending = Buffer.alloc(0);

  readonly stream = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      this.#pending = Buffer.concat([this.#pending, chunk]);
      while (this.#pending.length >= 8 && this.#pending.length >= 8 + this.#pending.readUIntBE(5, 3)) {
        const end = 8 + this.#pending.readUIntBE(5, 3);
        this.#take(this.#pending.subarray(0, end));
        this.#pending = this.#pending.subarray(end);
      }
      done();
    },
  });

  #take(frame: Buffer): void {
    if ((frame[0]! & 0x80) !== 0) {
      // All blocks of headers are one zlib stream.
      this.#blocks.push(frame.subarray(18));
      const plain = inflateSync(Buffer.concat(this.#blocks), { finishFlush: constants.Z_SYNC_FLUSH }).toString("latin1");
      this.opened.push(`${frame.readUInt32BE(8)} ${/streamtype\0{3}.([a-z]+)$/s.exec(plain)?.[1]}`);
      return;
    }
    const stream = frame.readUInt32BE();
    this.events.push(`${stream} ${frame.subarray(8).toString()}${(frame[4]! & FIN) === 0 ? "" : "end"}`);
    if ((frame[4]! & FIN) === 0) return;
    // The command has read all of its input: it says so, and ends.
    const status = JSON.stringify({ status: "Failure", details: { causes: [{ reason: "ExitCode", message: "4" }] } });
    const bytes = Buffer.concat([data(5, 0, "3 bytes\n"), data(7, FIN, ""), data(5, FIN, ""), data(1, FIN, status)]);
    for (const byte of bytes) this.stream.push(Buffer.from([byte]));
  }
}

it("runs a command over SPDY when its input must end and the server refuses version 5, and ends its input", async () => {
  const world = new MemoryWorld();
  world.contents.set("pod.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}");
  await world.run("apply -f pod.yaml");
  const { api } = world;
  const runtime = new FakeRuntime();
  const asked: string[] = [];
  world.transport = {
    request: (request) => api.request(request),
    watch: (request, onEvents) => api.watch(request, onEvents),
    stream: () => api.stream(),
    openUpgrade: ({ method, headers }, protocol) => {
      asked.push(`${method} ${protocol} ${headers?.["sec-websocket-protocol"] ?? headers?.["x-stream-protocol-version"]}`);
      if (protocol === "websocket") return Promise.reject(statusError("BadRequest", "not version 5"));
      return Promise.resolve({ stream: runtime.stream, headers: { "x-stream-protocol-version": "v4.channel.k8s.io" } });
    },
  };
  world.stdin = "abc";
  const outcome = await world.run("exec", "-i", "p", "--", "wc", "-c");
  expect(outcome).toEqual({ code: 4, out: "3 bytes\n", err: "command terminated with exit code 4\n" });
  expect(asked).toEqual(["GET websocket v5.channel.k8s.io", "POST SPDY/3.1 v4.channel.k8s.io"]);
  expect(runtime.opened).toEqual(["1 error", "3 stdin", "5 stdout", "7 stderr"]);
  expect(runtime.events).toEqual(["3 abc", "3 end"]);
});
