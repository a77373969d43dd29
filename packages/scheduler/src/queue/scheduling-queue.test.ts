import { describe, expect, it } from "vitest";
import type { Pod } from "@skiff/api";
import type { ClusterEvent } from "../framework/cluster-event.ts";
import { Framework } from "../framework/framework.ts";
import type { Plugin } from "../framework/plugin.ts";
import { nodeResourcesFit } from "../plugins/node-resources-fit.ts";
import { prioritySort } from "../plugins/priority-sort.ts";
import { schedulingGates } from "../plugins/scheduling-gates.ts";
import { PodInfo } from "../state/pod-info.ts";
import { testNode, testPod } from "../testing/objects.ts";
import { backOffMs, SchedulingQueue, UNSCHEDULABLE_LIMIT_MS } from "./scheduling-queue.ts";

const binder: Plugin = { name: "Binder", bind: () => Promise.resolve() };
const framework = new Framework("default-scheduler", [prioritySort, schedulingGates, nodeResourcesFit, binder]);
const NODE: ClusterEvent = { resource: "Node", action: "add", object: testNode("a") };
const CLAIM: ClusterEvent = { resource: "PersistentVolumeClaim", action: "add", object: {} };
const FIT = new Set(["NodeResourcesFit"]);

function queueOf(...pods: Pod[]): SchedulingQueue {
  const queue = new SchedulingQueue((a, b) => prioritySort.compareInQueue!(a, b));
  for (const pod of pods) queue.set(new PodInfo(pod), framework, 0);
  return queue;
}

describe("the scheduling queue", () => {
  it("takes the higher priority first, and then the one that came first", () => {
    const queue = queueOf(testPod("a"), testPod("b", { priority: 5 }), testPod("c"), testPod("d", { priority: 5 }));
    expect([1, 2, 3, 4, 5].map(() => queue.pop(0)?.info.name)).toEqual(["b", "d", "a", "c", undefined]);
  });

  it.each([
    [1, 1000],
    [2, 2000],
    [4, 8000],
    [5, 10_000],
    [50, 10_000],
  ])("pauses after %d attempts for %d ms", (attempts, ms) => {
    expect(backOffMs(attempts)).toBe(ms);
  });

  it("brings a refused Pod back only for what its plug-in waits for, or after five minutes", () => {
    const queue = queueOf(testPod("a"));
    queue.pop(0);
    queue.addUnschedulable("uid-a", FIT, 0);
    queue.onEvent(CLAIM, 100);
    expect(queue.pop(100)).toBeUndefined();
    expect(queue.nextDueMs()).toBe(UNSCHEDULABLE_LIMIT_MS);
    queue.onEvent(NODE, 100);
    expect(queue.pop(100)?.info.name).toBe("a");
    queue.addUnschedulable("uid-a", FIT, 200);
    expect(queue.pop(UNSCHEDULABLE_LIMIT_MS + 199)).toBeUndefined();
    expect(queue.pop(UNSCHEDULABLE_LIMIT_MS + 200)?.attempts).toBe(3);
  });

  it("lets others go first while a Pod pauses, and waits even when idle after an error", () => {
    const queue = queueOf(testPod("a", { priority: 9 }), testPod("b"));
    queue.pop(0);
    queue.addUnschedulable("uid-a", FIT, 0);
    queue.onEvent(NODE, 0);
    expect(queue.pop(10)?.info.name).toBe("b");
    queue.addFailed("uid-b", 10);
    expect(queue.pop(10)?.info.name).toBe("a");
    expect(queue.pop(1009)).toBeUndefined();
    expect(queue.pop(1010)?.info.name).toBe("b");
  });

  it("tries a Pod again that was changed, but not when only its status was", () => {
    const queue = queueOf(testPod("a"));
    queue.pop(0);
    queue.addUnschedulable("uid-a", FIT, 0);
    queue.set(new PodInfo({ ...testPod("a"), status: { phase: "Pending" } }), framework, 5000);
    expect(queue.pop(5000)).toBeUndefined();
    queue.set(new PodInfo(testPod("a", { tolerations: [{ operator: "Exists" }] })), framework, 5000);
    expect(queue.pop(5000)?.info.name).toBe("a");
  });

  it("forgets a Pod that is gone, wherever it waits", () => {
    const queue = queueOf(testPod("a"), testPod("b"), testPod("gated", { schedulingGates: [{ name: "x" }] }));
    queue.remove("uid-a");
    queue.pop(0);
    queue.addUnschedulable("uid-b", FIT, 0);
    queue.remove("uid-b");
    queue.remove("uid-gated");
    queue.onEvent(NODE, 9000);
    expect([queue.pop(UNSCHEDULABLE_LIMIT_MS), queue.size, queue.nextDueMs()]).toEqual([undefined, 0, undefined]);
  });
});
