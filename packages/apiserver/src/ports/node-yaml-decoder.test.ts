import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { decodeYaml, isStatus } from "@skiff/api";
import { systemClock, type Clock } from "@skiff/base";
import { buildYamlWorker, type YamlWorkerProgram } from "../testing/yaml-worker-program.ts";
import { WorkerYamlDecoder, type WorkerYamlDecoderOptions } from "./node-yaml-decoder.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
let worker: YamlWorkerProgram;
let decoder: WorkerYamlDecoder;

function start(options: Partial<WorkerYamlDecoderOptions> = {}): void {
  decoder = new WorkerYamlDecoder({ clock: systemClock, program: worker.program, ...options });
}

beforeAll(async () => {
  worker = await buildYamlWorker();
}, 60_000);
afterEach(() => decoder.stop());
afterAll(() => worker.remove());

it("reads documents in a thread, says what is wrong with broken ones, and leaves the event loop free", async () => {
  start();
  const text = Array.from({ length: 8000 }, (_, index) => `- name: item-${index}\n  value: "some text"\n`).join("");
  let turns = 0;
  const ticking = setInterval(() => turns++, 10);
  const started = performance.now();
  const large = decoder.decode(bytesOf(text));
  const broken = decoder.decode(bytesOf("a: [1")).catch((error: unknown) => error);
  expect((await large).value).toHaveLength(8000);
  // The thread needs a good part of a second: a blocked event loop would have seen hardly any turn.
  expect(turns).toBeGreaterThan((performance.now() - started) / 10 / 4);
  clearInterval(ticking);
  expect(await broken).toMatchObject({ name: "DecodeError", message: expect.stringContaining("error converting YAML to JSON") });
  const small = "a: 1\nb: [1.5, 0644]\na: 2\n";
  expect(await decoder.decode(bytesOf(small))).toEqual(decodeYaml(small));
});

it("gives up a document that takes too long, and reads the next one", async () => {
  start({ timeoutMs: 1 });
  await expect(decoder.decode(bytesOf("a: 1"))).rejects.toThrow("longer than");
  await expect(decoder.decode(bytesOf("a: 1"))).rejects.toThrow("longer than");
});

it("does not take the late answer of a thread that it gave up for that of the next document", async () => {
  const due: (() => void)[] = [];
  const clock: Clock = {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    yield: () => systemClock.yield(),
    setTimeout(callback) {
      due.push(callback);
      return { cancel: () => {} };
    },
  };
  start({ clock });
  await decoder.decode(bytesOf("the: thread is up"));
  const first = decoder.decode(bytesOf("of: the first")).catch((error: unknown) => error);
  // While everything here stands still the thread answers; its answer is there, and nobody has looked yet.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  due.at(-1)?.();
  expect((await decoder.decode(bytesOf("of: the second"))).value).toEqual({ of: "the second" });
  expect(await first).toMatchObject({ name: "DecodeError", message: expect.stringContaining("longer than") });
});

it("refuses documents beyond those that wait", async () => {
  start({ maxWaiting: 1 });
  const [first, second] = [decoder.decode(bytesOf("a: 1")), decoder.decode(bytesOf("a: 2"))];
  const third = await decoder.decode(bytesOf("a: 3")).catch((error: unknown) => error);
  expect(isStatus(third, "TooManyRequests")).toBe(true);
  expect([(await first).value, (await second).value]).toEqual([{ a: 1 }, { a: 2 }]);
});

it("refuses what waits when it is stopped", async () => {
  start();
  const open = decoder.decode(bytesOf("a: 1")).catch((error: unknown) => error);
  decoder.stop();
  expect(isStatus(await open, "ServiceUnavailable")).toBe(true);
});
