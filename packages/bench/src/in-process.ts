import { startCluster } from "@skiff/cluster/testing";
import { benchApi, type ApiBenchSize } from "./api-bench.ts";
import type { Measurement } from "./measurement.ts";

const now = (): number => performance.now();

/** The in-process cluster of one node: start, memory, stop. The first start of a process, which compiles the code, stands apart. */
export async function benchStart({ runs }: { readonly runs: number }): Promise<Measurement[]> {
  const start: number[] = [];
  const stop: number[] = [];
  const memory: number[] = [];
  const first = await timedCluster();
  for (let run = 0; run < runs; run++) {
    const times = await timedCluster();
    start.push(times.startMs);
    stop.push(times.stopMs);
    memory.push(times.heapMiB);
  }
  return [
    { name: "in-process cluster: first start of a process", unit: "ms", values: [first.startMs] },
    { name: START, unit: "ms", values: start },
    { name: "in-process cluster: heap of a running one", unit: "MiB", values: memory },
    { name: "in-process cluster: stop", unit: "ms", values: stop },
  ];
}

/** The name of the figure that upstream's start is compared with. */
export const START = "in-process cluster: start to ready";

async function timedCluster(): Promise<{ readonly startMs: number; readonly stopMs: number; readonly heapMiB: number }> {
  const before = usedHeap();
  const startedMs = now();
  const cluster = await startCluster({ nodes: 1, time: "system" });
  const startMs = now() - startedMs;
  const heapMiB = Math.max(0, usedHeap() - before) / 2 ** 20;
  const stoppingMs = now();
  await cluster.stop();
  return { startMs, stopMs: now() - stoppingMs, heapMiB };
}

/** In bytes; exact only where the garbage collector may be called (`node --expose-gc`). */
function usedHeap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** The API without a network in between. */
export async function benchInProcessApi(size: ApiBenchSize): Promise<Measurement[]> {
  await using cluster = await startCluster({ nodes: 0, time: "system" });
  return await benchApi({ name: "API in process", client: cluster.client }, size);
}
