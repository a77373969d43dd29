import { expect, it } from "vitest";
import { VirtualClock } from "@skiff/base";
import { benchScheduler, formatSchedulerBench } from "./scheduler.bench.ts";

it("decides the same each time, whatever the machine", async () => {
  const size = { nodes: 9, pods: 90 };
  const [first, second] = [await benchScheduler(size, new VirtualClock()), await benchScheduler(size, new VirtualClock())];
  expect(first.map(({ hash }) => hash)).toEqual(second.map(({ hash }) => hash));
  expect(formatSchedulerBench(size, first)).toContain("spread over zones");
});
