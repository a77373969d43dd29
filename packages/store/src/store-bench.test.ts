import { systemClock } from "@skiff/base";
import { expect, it } from "vitest";
import { MemoryStore } from "./memory-store.ts";
import { benchmarkStore, benchTable, type StoreBenchResult } from "./store.bench.ts";

it("benchmarks run and measure all that they say", async () => {
  const scale = { transactions: 64, rangeKeys: 150, ranges: 2, watchers: 5, watchedEvents: 3, valueBytes: 16 };
  const store = new MemoryStore();
  const results: StoreBenchResult[] = [];
  for await (const result of benchmarkStore("memory", store, systemClock, scale)) results.push(result);
  expect(results.map(({ benchmark }) => benchmark)).toEqual([
    "update, 1 writer",
    "update, 64 writers",
    "range of 150 keys",
    "watch, 5 watchers",
  ]);
  for (const { perSecond } of results) expect(perSecond).toBeGreaterThan(0);
  expect((await store.range({ key: "/bench/", end: "/bench0", countOnly: true })).count).toBe(1 + 64 + 150 + 3);
  expect(benchTable(results).split("\n")).toHaveLength(5);
});
