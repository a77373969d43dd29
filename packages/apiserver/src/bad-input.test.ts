import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Status } from "@skiff/api";
import { seededRandom } from "@skiff/base";
import { ALL_ROWS } from "./testing/bad-input/all-rows.ts";
import type { Answer, BadInput, Expected, Input } from "./testing/bad-input/bad-input.ts";
import { putObjects } from "./testing/bad-input/fixtures.ts";
import { Lab } from "./testing/bad-input/lab.ts";

/** Another seed finds other inputs: `SKIFF_FUZZ_SEED=7`. */
const SEED = Number(process.env["SKIFF_FUZZ_SEED"] ?? 1);
/** How often each input is made anew: `npm run test:fuzz` makes many. */
const ROUNDS = Number(process.env["SKIFF_FUZZ_ROUNDS"] ?? 1);
/**
 * How long one input may hold up everybody else, as a multiple of what reading and writing a body of `REFERENCE_BODY`'s size
 * takes on the same machine in the same moment (some 6 ms; the slowest rows take 15 to 30 times as much). Whatever grows
 * faster than the input (the square, the exponent) takes thousands; that is what this is to catch, not a slow machine. Processor time is counted: a machine that is busy with other things does not matter. The client
 * runs in the same process, and code that has not run yet is slow, so what is slow is tried again.
 */
const MAX_REFERENCES = 100;
const REFERENCE_BODY = JSON.stringify(Array.from({ length: 20_000 }, () => ({ name: "c", image: "x" })));
const ATTEMPTS = 5;
/** How much more memory may be in use at the end than at the start, bytes. */
const MAX_GROWTH = 96 * 1024 * 1024;

let lab: Lab;
let heapAtStart = 0;

/** Measures the longest turn of the event loop, in milliseconds of processor time, while `work` goes on. */
async function longestTurn<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly delayMs: number }> {
  let delayMs = 0;
  let before = process.cpuUsage();
  const look = (): void => {
    const { user, system } = process.cpuUsage(before);
    delayMs = Math.max(delayMs, (user + system) / 1000);
    before = process.cpuUsage();
  };
  const timer = setInterval(look, 1);
  try {
    const result = await work();
    look();
    return { result, delayMs };
  } finally {
    clearInterval(timer);
  }
}

/** What `MAX_REFERENCES` counts in, milliseconds of processor time. */
function referenceTurn(): number {
  const times = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    JSON.stringify(JSON.parse(REFERENCE_BODY));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

/** With the body as it will be sent: making it is not what is measured. */
function encoded(input: Input): Input {
  if (typeof input === "function" || "raw" in input || typeof input.body !== "object" || input.body instanceof Uint8Array) return input;
  return { ...input, body: JSON.stringify(input.body) };
}

function send(input: Input): Promise<Answer> {
  if (typeof input === "function") return input(lab);
  return "raw" in input ? lab.raw(input) : lab.send(input);
}

function statusOf({ text }: Answer): Partial<Status> {
  try {
    return JSON.parse(text.slice(text.indexOf("{"))) as Partial<Status>;
  } catch {
    return {};
  }
}

function checkAnswer(answer: Answer, expected: Expected): void {
  const shown = answer.text.slice(0, 600);
  expect([expected.status].flat(), shown).toContain(answer.status);
  const { reason, details } = statusOf(answer);
  if (expected.reason !== undefined) expect(reason, shown).toBe(expected.reason);
  const { field } = expected;
  if (field !== undefined)
    expect(
      details?.causes?.map((cause) => cause.field),
      shown,
    ).toContain(field);
  if (expected.text !== undefined) expect(answer.text.slice(0, 5000)).toMatch(expected.text);
  for (const [name, pattern] of Object.entries(expected.headers ?? {})) expect(String(answer.headers[name] ?? "")).toMatch(pattern);
}

/** Sends the input and answers for how long everybody else had to wait. */
async function tryOut(badInput: BadInput, seed: number): Promise<number> {
  const input = encoded(badInput.make(seededRandom(seed), lab));
  const before = await lab.store.currentRevision();
  const { result: answer, delayMs } = await longestTurn(() => send(input));
  checkAnswer(answer, badInput.expected);
  if (badInput.stores !== true) expect(await lab.store.currentRevision(), "something was stored").toBe(before);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(await lab.send({ path: "/readyz" })).toMatchObject({ status: 200, text: "ok" });
  return delayMs;
}

beforeAll(async () => {
  lab = await Lab.start();
  await putObjects(lab);
  heapAtStart = heapUsed();
}, 120_000);

afterAll(() => lab.stop(), 60_000);

it("has every row of the table", () => {
  expect(ALL_ROWS.map(({ row }) => row)).toEqual(Array.from({ length: 65 }, (_, index) => index + 1));
});

describe.each(ALL_ROWS)("row $row, $name", ({ row, inputs, skipped }) => {
  if (skipped !== undefined) it.skip(skipped, () => {});
  for (const [index, badInput] of inputs.entries()) {
    it(
      badInput.what,
      async () => {
        for (let round = 0; round < ROUNDS; round++) {
          const seed = ((SEED * 1000 + row) * 1000 + index) * 1000 + round;
          try {
            let references = Infinity;
            for (let attempt = 0; attempt < ATTEMPTS && references > MAX_REFERENCES; attempt++)
              references = Math.min(references, (await tryOut(badInput, seed + attempt * 1e9)) / referenceTurn());
            expect(references, "for so long nobody else was served").toBeLessThan(MAX_REFERENCES);
          } catch (error) {
            throw new Error(`SKIFF_FUZZ_SEED=${SEED}, round ${round}: ${error instanceof Error ? error.message : String(error)}`, {
              cause: error,
            });
          }
        }
      },
      60_000 * ROUNDS,
    );
  }
});

it("keeps nothing of all that in memory", () => {
  expect(heapUsed() - heapAtStart).toBeLessThan(MAX_GROWTH);
});
