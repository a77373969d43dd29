import type { Clock } from "@skiff/base";
import { benchScheduler } from "@skiff/scheduler/testing";
import type { Measurement } from "./measurement.ts";

/** Decisions of the scheduler by itself, without API and bindings, for each sort of Pods. */
export async function benchScheduling(
  { runs, nodes, pods }: { readonly runs: number; readonly nodes: number; readonly pods: number },
  clock: Clock,
): Promise<Measurement[]> {
  const rates = new Map<string, number[]>();
  for (let run = 0; run < runs; run++) {
    for (const { workload, podsPerSecond } of await benchScheduler({ nodes, pods }, clock)) {
      rates.set(workload, [...(rates.get(workload) ?? []), podsPerSecond]);
    }
  }
  return Array.from(rates, ([workload, values]) => ({
    name: `scheduler's decisions, ${pods} Pods on ${nodes} nodes: ${workload}`,
    unit: "per second" as const,
    values,
  }));
}
