import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "@skiff/base";
import { WorkQueue } from "./work-queue.ts";

let clock: VirtualClock;
let queue: WorkQueue;

beforeEach(() => {
  clock = new VirtualClock();
  queue = new WorkQueue({ clock });
});

/** Takes what is there now. */
async function drain(): Promise<string[]> {
  const keys: string[] = [];
  while (queue.size > 0) keys.push((await queue.take()) ?? "");
  return keys;
}

describe("keys", () => {
  it("come out once each, in the order in which they were first added", async () => {
    for (const key of ["b", "a", "b", "c", "a"]) queue.add(key);
    expect(await drain()).toEqual(["b", "a", "c"]);
  });

  it("are not handed out twice at the same time, and again when they were added meanwhile", async () => {
    queue.add("a");
    await queue.take();
    queue.add("a");
    queue.add("a");
    expect(queue.size).toBe(0);
    queue.done("a");
    expect(await drain()).toEqual(["a"]);
    queue.done("a");
    expect(queue.size).toBe(0);
  });

  it("go to whoever waits, first come first served", async () => {
    const takers = [queue.take(), queue.take()];
    queue.add("a");
    queue.add("b");
    expect(await Promise.all(takers)).toEqual(["a", "b"]);
  });
});

describe("delayed keys", () => {
  it("come when they are due, the earliest time of each", async () => {
    queue.addAfter("a", 1000);
    queue.addAfter("a", 5000);
    queue.addAfter("b", 3000);
    queue.addAfter("b", 2000);
    await clock.advance(999);
    expect(queue.size).toBe(0);
    await clock.advance(1);
    expect(await drain()).toEqual(["a"]);
    await clock.advance(1000);
    expect(await drain()).toEqual(["b"]);
    await clock.advance(10_000);
    expect(queue.size).toBe(0);
  });
});

describe("failures", () => {
  it("double the wait from 5 ms to 1000 s, for each key by itself", () => {
    const waits = Array.from({ length: 20 }, () => queue.addRateLimited("a"));
    expect(waits.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
    expect(waits.at(-1)).toBe(1_000_000);
    expect(queue.addRateLimited("b")).toBe(5);
    queue.forget("a");
    expect(queue.addRateLimited("a")).toBe(5);
  });

  it("of all keys together are held to ten a second after a burst of a hundred", async () => {
    for (let key = 0; key < 150; key++) queue.addRateLimited(`k${key}`);
    await clock.advance(10);
    expect(queue.size).toBe(100);
    await clock.advance(1000);
    expect(queue.size).toBeGreaterThanOrEqual(109);
    expect(queue.size).toBeLessThanOrEqual(111);
    await clock.advance(4100);
    expect(queue.size).toBe(150);
  });
});

it("lets everybody go when it is stopped", async () => {
  const waiting = queue.take();
  queue.addAfter("a", 1000);
  queue.stop();
  queue.add("b");
  expect(await waiting).toBeUndefined();
  expect(await queue.take()).toBeUndefined();
  await clock.advance(2000);
  expect(queue.size).toBe(0);
});
