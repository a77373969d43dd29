import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SILENT_LOG } from "#shared/log.ts";
import { BreakerOpen, FaceBreaker } from "./breaker.ts";
import { Refusal } from "./face-client.ts";

describe("circuit breaker", () => {
  let breaker: FaceBreaker;
  let registry: Registry;
  let pings: number;
  let well: boolean;
  let changes: boolean[];

  const down = (): Promise<never> => Promise.reject(new Error("down"));
  const fail = (): Promise<unknown> => breaker.call(down).catch((error: unknown) => error);
  const metric = async (name: string): Promise<number | undefined> => (await registry.getSingleMetric(name)?.get())?.values[0]?.value;

  beforeEach(() => {
    vi.useFakeTimers();
    [pings, well, changes] = [0, false, []];
    registry = new Registry();
    breaker = new FaceBreaker({
      failures: 5,
      firstWaitMs: 1000,
      longestWaitMs: 3000,
      ping: async () => {
        pings++;
        if (!well) throw new Error("not well");
      },
      changed: (closed) => changes.push(closed),
      log: SILENT_LOG,
      registry,
    });
  });
  afterEach(() => {
    breaker.close();
    vi.useRealTimers();
  });

  it("opens after five failures in a row, and not before", async () => {
    for (let time = 0; time < 4; time++) await fail();
    await breaker.call(async () => "answered");
    for (let time = 0; time < 4; time++) await fail();
    expect(breaker.closed).toBe(true);
    await fail();
    expect(breaker.closed).toBe(false);
    expect(changes).toEqual([false]);
    expect(await metric("face_breaker_state")).toBe(1);
    expect(await metric("face_breaker_trips_total")).toBe(1);
  });

  it("lets nothing through while it is open", async () => {
    for (let time = 0; time < 5; time++) await fail();
    let called = false;
    await expect(breaker.call(async () => (called = true))).rejects.toBeInstanceOf(BreakerOpen);
    expect(called).toBe(false);
  });

  it("counts no refusals", async () => {
    const refused = (): Promise<never> => Promise.reject(new Refusal("BROKEN_IMAGE", "no picture"));
    for (let time = 0; time < 10; time++) await expect(breaker.call(refused)).rejects.toBeInstanceOf(Refusal);
    expect(breaker.closed).toBe(true);
  });

  it("pings once after the wait, waits longer after each ping that fails, and closes when one is answered", async () => {
    for (let time = 0; time < 5; time++) await fail();
    const pingsAfter = async (ms: number): Promise<number> => {
      await vi.advanceTimersByTimeAsync(ms);
      return pings;
    };
    expect(await pingsAfter(990)).toBe(0);
    expect(await pingsAfter(20)).toBe(1);
    expect(await pingsAfter(1900)).toBe(1);
    expect(await pingsAfter(200)).toBe(2);
    expect(await pingsAfter(2800)).toBe(2);
    expect(await pingsAfter(300)).toBe(3);
    well = true;
    expect(await pingsAfter(3100)).toBe(4);
    expect(breaker.closed).toBe(true);
    expect(changes.at(-1)).toBe(true);
    expect(await metric("face_breaker_trips_total")).toBe(1);
    expect(await breaker.call(async () => "answered")).toBe("answered");
    expect(await pingsAfter(10_000)).toBe(4);
  });

  it("starts with the short wait when it opens anew", async () => {
    for (let time = 0; time < 5; time++) await fail();
    await vi.advanceTimersByTimeAsync(1010);
    well = true;
    await vi.advanceTimersByTimeAsync(2010);
    expect(breaker.closed).toBe(true);
    for (let time = 0; time < 5; time++) await fail();
    await vi.advanceTimersByTimeAsync(1010);
    expect(breaker.closed).toBe(true);
    expect(await metric("face_breaker_trips_total")).toBe(2);
  });
});
