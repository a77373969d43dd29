import { describe, expect, it } from "vitest";
import { sleep } from "./clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

describe("VirtualClock", () => {
  it("fires timers in order of due time, then in the order in which they were set", async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.setTimeout(() => fired.push("c"), 20);
    clock.setTimeout(() => fired.push("a"), 10);
    clock.setTimeout(() => fired.push("b"), 10);
    clock.setTimeout(() => fired.push("late"), 31);
    await clock.advance(30);
    expect(fired).toEqual(["a", "b", "c"]);
    expect(clock.monotonic()).toBe(30);
  });

  it("fires timers that earlier timers set on the way, each at its own time", async () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const tick = (): void => {
      times.push(clock.monotonic());
      if (times.length < 4) clock.setTimeout(tick, 15);
    };
    clock.setTimeout(tick, 15);
    await clock.advance("1m");
    expect(times).toEqual([15, 30, 45, 60]);
    expect(clock.monotonic()).toBe(60_000);
  });

  it("lets promise chains between two timers finish before time goes on", async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const work = async (): Promise<void> => {
      await sleep(clock, 10);
      for (let step = 0; step < 50; step++) await Promise.resolve();
      seen.push(`done at ${clock.monotonic()}`);
    };
    const running = work();
    clock.setTimeout(() => seen.push(`timer at ${clock.monotonic()}`), 11);
    await clock.advance(100);
    await running;
    expect(seen).toEqual(["done at 10", "timer at 11"]);
  });

  it("does not fire a cancelled timer, not even when an earlier one of the same moment cancels it", async () => {
    const clock = new VirtualClock();
    let fired = false;
    clock.setTimeout(() => victim.cancel(), 5);
    const victim = clock.setTimeout(() => (fired = true), 5);
    await clock.advance(10);
    expect(fired).toBe(false);
    expect(clock.nextDue()).toBeUndefined();
  });

  it("keeps its order with many timers", async () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    for (let index = 0; index < 500; index++) {
      const due = (index * 7919) % 500;
      clock.setTimeout(() => fired.push(due), due);
    }
    await clock.advance(1000);
    expect(fired).toEqual([...fired].sort((a, b) => a - b));
    expect(fired).toHaveLength(500);
  });

  it("moves until a condition holds, and says so when nothing can change any more", async () => {
    const clock = new VirtualClock();
    let ready = false;
    clock.setTimeout(() => (ready = true), 90_000);
    await clock.advanceUntil(() => ready);
    expect(clock.monotonic()).toBe(90_000);
    await expect(clock.advanceUntil(() => false)).rejects.toThrow("nothing can change any more");
    clock.setTimeout(() => {}, 7_200_000);
    await expect(clock.advanceUntil(() => false)).rejects.toThrow("not reached within 3600000 ms");
  });

  it("ends a sleep with the reason of its signal and leaves no timer", async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 1000, controller.signal);
    controller.abort(new Error("stopped"));
    await expect(sleeping).rejects.toThrow("stopped");
    expect(clock.nextDue()).toBeUndefined();
  });
});
