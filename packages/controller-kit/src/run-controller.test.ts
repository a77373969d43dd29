import { beforeEach, describe, expect, it } from "vitest";
import { createLogger, InvariantError, sleep, type LogEntry, type VirtualClock } from "@skiff/base";
import { testHost } from "@skiff/base/testing";
import { conflict } from "@skiff/api";
import { TerminalError, type Controller } from "./controller.ts";
import { runController } from "./run-controller.ts";
import { every, type Enqueue, type Source } from "./source.ts";

let clock: VirtualClock;
let log: LogEntry[];
let host: ReturnType<typeof testHost>;
let enqueue: Enqueue;
let reconciled: { key: string; at: number }[];
/** Keys that the controller has something to say about. */
let behaviour: Map<string, () => Promise<{ requeueAfterMs?: number } | void>>;

const source: Source = {
  start: (report) => {
    enqueue = report;
    return () => {};
  },
  synced: () => Promise.resolve(),
};

beforeEach(() => {
  const plain = testHost();
  log = [];
  host = { ...plain, log: createLogger(plain.clock, (entry) => void log.push(entry), "debug") };
  clock = plain.clock;
  reconciled = [];
  behaviour = new Map();
});

function start(more: Partial<Controller<string, string>> = {}) {
  return runController<string, string>(
    {
      name: "test-controller",
      sources: [source],
      observe: (key) => key,
      plan: (key) => key,
      async perform(key) {
        reconciled.push({ key, at: clock.monotonic() });
        return behaviour.get(key)?.();
      },
      ...more,
    },
    host,
  );
}
const times = (key: string): number[] => reconciled.filter((one) => one.key === key).map(({ at }) => at);

describe("the engine", () => {
  it("reconciles a key once however often it was reported, and again after a report during the work", async () => {
    start();
    behaviour.set("a", () => sleep(clock, 100));
    for (let time = 0; time < 5; time++) enqueue("a");
    await clock.settle();
    expect(times("a")).toEqual([0]);
    enqueue("a");
    await clock.advance(1000);
    expect(times("a")).toEqual([0, 100]);
  });

  it("works on as many keys at a time as it may, never on one twice", async () => {
    let now = 0;
    let most = 0;
    const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
    for (const key of keys) {
      behaviour.set(key, async () => {
        most = Math.max(most, ++now);
        await sleep(clock, 100);
        now--;
      });
    }
    start({ concurrency: 3 });
    for (const key of keys) enqueue(key);
    await clock.advance(1000);
    expect(most).toBe(3);
    expect(reconciled).toHaveLength(10);
  });

  it("comes back when the controller says so, once", async () => {
    start();
    let first = true;
    behaviour.set("a", async () => {
      const outcome = first ? { requeueAfterMs: 5000 } : undefined;
      first = false;
      return outcome;
    });
    enqueue("a");
    await clock.advance("1h");
    expect(times("a")).toEqual([0, 5000]);
  });

  it.each([
    ["an error", () => new Error("no"), "error"],
    ["a conflict, without noise", () => conflict({ kind: "pods", name: "x" }), "debug"],
    ["a broken invariant", () => new InvariantError("impossible"), "error"],
  ])("tries again after %s, ever more slowly, and lets other keys be", async (_name, failure, level) => {
    start();
    behaviour.set("bad", () => Promise.reject(failure()));
    enqueue("bad");
    await clock.settle();
    enqueue("good");
    await clock.advance(100);
    const attempts = times("bad");
    expect(attempts.slice(0, 4)).toEqual([0, 5, 15, 35]);
    expect(times("good")).toEqual([0]);
    expect(log.filter((entry) => entry.level === level).length).toBeGreaterThanOrEqual(4);
    behaviour.delete("bad");
    await clock.advance("1m");
    // After a success the next failure starts with the shortest wait again.
    behaviour.set("bad", () => Promise.reject(failure()));
    const from = times("bad").length;
    enqueue("bad");
    await clock.advance(10);
    expect(times("bad").slice(from)).toHaveLength(2);
  });

  it("fails only the key whose plan throws", async () => {
    start({
      plan: (key) => {
        if (key === "bad") throw new InvariantError("impossible");
        return key;
      },
    });
    enqueue("bad");
    enqueue("good");
    await clock.settle();
    expect(times("good")).toEqual([0]);
    expect(log.some(({ fields }) => fields.key === "bad")).toBe(true);
  });

  it("leaves a key with a terminal error alone until it changes", async () => {
    start();
    behaviour.set("a", () => Promise.reject(new TerminalError("never")));
    enqueue("a");
    await clock.advance("1h");
    expect(times("a")).toEqual([0]);
    enqueue("a");
    await clock.settle();
    expect(times("a")).toHaveLength(2);
  });

  it("does nothing for a key that is gone", async () => {
    start({ observe: () => undefined });
    enqueue("a");
    await clock.settle();
    expect(reconciled).toEqual([]);
  });

  it("waits for its caches", async () => {
    let synced: () => void = () => {};
    const slow: Source = { ...source, synced: () => new Promise((resolve) => (synced = resolve)) };
    start({ sources: [slow] });
    enqueue("a");
    await clock.advance("1m");
    expect(reconciled).toEqual([]);
    synced();
    await clock.settle();
    expect(times("a")).toHaveLength(1);
  });

  it("gives a heavy key a rest after each reconcile, and light keys none", async () => {
    start({ weigh: (key) => (key === "heavy" ? 5000 : 100) });
    for (let time = 0; time < 100; time++) {
      enqueue("heavy");
      enqueue("light");
      await clock.advance(10);
    }
    expect(times("light")).toHaveLength(100);
    await clock.advance("1m");
    expect(times("heavy")).toEqual([0, 500, 1000]);
  });

  it("ends the work under way before it stops", async () => {
    const running = start({ sources: [source, every(clock, 1000, () => ["tick"])] });
    let isDone = false;
    behaviour.set("a", async () => {
      await sleep(clock, 500);
      isDone = true;
    });
    enqueue("a");
    await clock.advance(2500);
    expect(times("tick")).toEqual([0, 1000, 2000]);
    enqueue("a");
    await clock.settle();
    isDone = false;
    const stopped = running.stop();
    await clock.advance(1000);
    await stopped;
    expect(isDone).toBe(true);
    const count = reconciled.length;
    enqueue("a");
    await clock.advance("1m");
    expect(reconciled).toHaveLength(count);
    expect(clock.nextDue()).toBeUndefined();
  });
});
