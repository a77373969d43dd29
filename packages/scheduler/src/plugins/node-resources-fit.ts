import type { Plugin } from "../framework/plugin.ts";
import { MAX_NODE_SCORE } from "../framework/plugin.ts";
import { Rejection } from "../framework/rejection.ts";
import type { NodeInfo } from "../state/node-info.ts";
import type { PodInfo } from "../state/pod-info.ts";

const NAME = "NodeResourcesFit";

/** The common case, kept apart from {@link refusal} so that it allocates nothing: it runs for every Pod and node. */
function fits({ requests }: PodInfo, node: NodeInfo): boolean {
  const { allocatable } = node;
  const { milliCpu, memory, ephemeralStorage, scalars } = requests;
  return (
    node.pods.size < allocatable.pods &&
    (milliCpu === 0 || milliCpu <= allocatable.milliCpu - node.milliCpu) &&
    (memory === 0 || memory <= allocatable.memory - node.memory) &&
    (ephemeralStorage === 0 || ephemeralStorage <= allocatable.ephemeralStorage - node.ephemeralStorage) &&
    scalars.size === 0
  );
}

/** What the Pod does not find on the node. */
function refusal({ requests }: PodInfo, node: NodeInfo): Rejection | undefined {
  const { allocatable } = node;
  const reasons: string[] = [];
  // What is more than the node has at all, no preemption can free.
  let resolvable = true;
  const check = (name: string, wanted: number, offered: number, used: number): void => {
    if (wanted === 0 || wanted <= offered - used) return;
    reasons.push(`Insufficient ${name}`);
    if (wanted > offered) resolvable = false;
  };
  if (node.pods.size >= allocatable.pods) reasons.push("Too many pods");
  check("cpu", requests.milliCpu, allocatable.milliCpu, node.milliCpu);
  check("memory", requests.memory, allocatable.memory, node.memory);
  check("ephemeral-storage", requests.ephemeralStorage, allocatable.ephemeralStorage, node.ephemeralStorage);
  for (const [name, wanted] of requests.scalars) check(name, wanted, allocatable.scalars.get(name) ?? 0, node.scalars.get(name) ?? 0);
  return reasons.length === 0 ? undefined : new Rejection(NAME, reasons, resolvable);
}

/** The share that would stay free, 0 … 100. */
function freeShare(capacity: number, used: number): number {
  return capacity === 0 || used > capacity ? 0 : Math.floor(((capacity - used) * MAX_NODE_SCORE) / capacity);
}

/** Filter: enough of every resource, and room for one more Pod. Score: the node with the most left (LeastAllocated). */
export const nodeResourcesFit: Plugin = {
  name: NAME,
  preFilter: (pod) => ({ filter: { filter: (node) => (fits(pod, node) ? undefined : refusal(pod, node)) } }),
  preScore({ nonZero }) {
    return {
      score({ allocatable, nonZeroMilliCpu, nonZeroMemory }) {
        const cpu = allocatable.milliCpu === 0 ? 0 : freeShare(allocatable.milliCpu, nonZeroMilliCpu + nonZero.milliCpu);
        const memory = allocatable.memory === 0 ? 0 : freeShare(allocatable.memory, nonZeroMemory + nonZero.memory);
        const weights = (allocatable.milliCpu === 0 ? 0 : 1) + (allocatable.memory === 0 ? 0 : 1);
        return weights === 0 ? 0 : Math.floor((cpu + memory) / weights);
      },
    };
  },
  isRelievedBy: (event) =>
    (event.resource === "Node" && event.action !== "delete") || (event.resource === "AssignedPod" && event.action !== "add"),
};
