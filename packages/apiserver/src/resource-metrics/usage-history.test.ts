import { describe, expect, it } from "vitest";
import { UsageHistory } from "./usage-history.ts";
import { parseNodeSample } from "./usage-sample.ts";

const text = (atMs: number, cpu: number, started = 0): string =>
  [
    "# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds",
    "# TYPE container_cpu_usage_seconds_total counter",
    `container_cpu_usage_seconds_total{container="web",namespace="a",pod="p"} ${cpu} ${atMs}`,
    `container_memory_working_set_bytes{container="web",namespace="a",pod="p"} 4.096e+06 ${atMs}`,
    `container_start_time_seconds{container="web",namespace="a",pod="p"} ${started}`,
    `container_cpu_usage_seconds_total{container="half",namespace="a",pod="q"} 1 ${atMs}`,
    `node_cpu_usage_seconds_total ${cpu * 2} ${atMs}`,
    `node_memory_working_set_bytes 1000 ${atMs}`,
    'container_cpu_usage_seconds_total{container="odd",namespace="a"} NaN 12',
    "no metric at all",
    "",
  ].join("\n");

function history(...samples: readonly string[]): UsageHistory {
  const kept = new UsageHistory();
  for (const sample of samples) kept.add("n", parseNodeSample(sample));
  return kept;
}

describe("what a kubelet tells", () => {
  it("is read by container; what lacks a part is left out", () => {
    const { pods, node } = parseNodeSample(text(5000, 2, 1.5));
    expect(pods.get("a/p")).toEqual(new Map([["web", { timeMs: 5000, cpuSeconds: 2, memoryBytes: 4_096_000, startedAtMs: 1500 }]]));
    expect(pods.get("a/q")).toEqual(new Map());
    expect(node).toEqual({ timeMs: 5000, cpuSeconds: 4, memoryBytes: 1000 });
  });
});

describe("usage", () => {
  it("is the difference of two samples over their distance", () => {
    const usage = history(text(100_000, 10), text(115_000, 13));
    expect(usage.pod("n", "a/p")?.get("web")).toEqual({ timeMs: 115_000, windowMs: 15_000, cpuNanoCores: 2e8, memoryBytes: 4_096_000 });
    expect(usage.node("n")?.cpuNanoCores).toBe(4e8);
  });

  it("is not known after one sample, unless the container has just started", () => {
    expect(history(text(100_000, 10, 1)).pod("n", "a/p")).toBeUndefined();
    expect(history(text(100_000, 10, 95)).pod("n", "a/p")).toBeUndefined();
    expect(
      history(text(100_000, 10, 80))
        .pod("n", "a/p")
        ?.get("web"),
    ).toMatchObject({ windowMs: 20_000, cpuNanoCores: 5e8 });
  });

  it("is not known when the counter went back, and the same sample again changes nothing", () => {
    expect(history(text(100_000, 10), text(115_000, 3)).pod("n", "a/p")).toBeUndefined();
    expect(history(text(100_000, 10), text(115_000, 13), text(115_000, 13)).node("n")?.windowMs).toBe(15_000);
  });

  it("is forgotten with its node", () => {
    const usage = history(text(100_000, 10), text(115_000, 13));
    usage.keep(new Set(["other"]));
    expect(usage.node("n")).toBeUndefined();
  });
});
