import { describe, expect, it } from "vitest";
import { formatTime } from "@skiff/base";
import type { Pod, ReplicaSet } from "@skiff/api";
import { podsToDelete } from "../pods/pod-deletion-order.ts";
import { planReplicaSet, statusToWrite, type ObservedReplicaSet } from "./plan.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const ago = (seconds: number): string => formatTime(NOW - seconds * 1000);

interface PodOptions {
  readonly phase?: string;
  readonly node?: string;
  readonly readyFor?: number;
  readonly age?: number;
  readonly restarts?: number;
  readonly cost?: string;
  readonly deleted?: boolean;
}

function pod(uid: string, options: PodOptions = {}): Pod {
  const { phase = "Running", node = "n1", readyFor, age = 1000, restarts = 0, cost, deleted } = options;
  const conditions = readyFor === undefined ? [] : [{ type: "Ready", status: "True", lastTransitionTime: ago(readyFor) }];
  return {
    metadata: {
      uid,
      name: uid,
      labels: { app: "web" },
      creationTimestamp: ago(age),
      ...(cost ? { annotations: { "controller.kubernetes.io/pod-deletion-cost": cost } } : {}),
      ...(deleted ? { deletionTimestamp: ago(1) } : {}),
    },
    spec: { containers: [], ...(node ? { nodeName: node } : {}) },
    status: {
      phase,
      conditions,
      containerStatuses: [{ name: "web", image: "", imageID: "", ready: true, restartCount: restarts }],
    },
  };
}

function observed(replicas: number, pods: readonly Pod[], more: Partial<ObservedReplicaSet> = {}): ObservedReplicaSet {
  const selector = { matchLabels: { app: "web" } };
  const template = { metadata: { labels: { app: "web" } } };
  const replicaSet: ReplicaSet = { metadata: { name: "web", generation: 4 }, spec: { replicas, selector, template } };
  return { replicaSet, claims: { owned: pods, adopt: [], release: [] }, relatedPods: pods, ownWritesVisible: true, ...more };
}

describe("how many Pods to create or delete", () => {
  const running = (count: number): Pod[] => Array.from({ length: count }, (_, index) => pod(`p${index}`));
  it.each([
    ["none are there", observed(3, []), 3, 0],
    ["as many as wanted", observed(3, running(3)), 0, 0],
    ["one too many", observed(2, running(3)), 0, 1],
    ["finished and deleted ones do not count", observed(2, [pod("a", { phase: "Failed" }), pod("b", { deleted: true }), pod("c")]), 1, 0],
    ["adopted ones count at once", observed(2, [], { claims: { owned: [], adopt: running(2), release: [] } }), 0, 0],
    ["at most 500 in one go", observed(2000, []), 500, 0],
    ["at most 500 in one go, also down", observed(0, running(700)), 0, 500],
    ["nothing is counted in a stale cache", observed(3, [], { ownWritesVisible: false }), 0, 0],
  ])("%s", (_name, state, create, remove) => {
    const plan = planReplicaSet(state, NOW);
    expect([plan.create, plan.delete.length]).toEqual([create, remove]);
  });

  it("does nothing for a ReplicaSet that is being deleted", () => {
    const state = observed(3, []);
    const replicaSet = { ...state.replicaSet, metadata: { ...state.replicaSet.metadata, deletionTimestamp: ago(1) } };
    expect(planReplicaSet({ ...state, replicaSet }, NOW).create).toBe(0);
  });
});

describe("which Pod goes first", () => {
  it.each<[string, PodOptions, PodOptions]>([
    ["unscheduled before scheduled", { node: "", readyFor: 100 }, { phase: "Pending" }],
    ["pending before running", { phase: "Pending" }, { phase: "Running" }],
    ["unready before ready", {}, { readyFor: 100 }],
    ["cheap before dear", { readyFor: 100, cost: "-5" }, { readyFor: 1, cost: "5" }],
    ["an invalid cost is none", { readyFor: 100, cost: "+9" }, { readyFor: 1, cost: "1" }],
    ["on the fuller node before on the emptier", { readyFor: 100, node: "full" }, { readyFor: 1, node: "empty" }],
    ["ready lately before ready long", { readyFor: 10 }, { readyFor: 1000 }],
    ["restarted often before seldom", { readyFor: 100, restarts: 3 }, { readyFor: 101, restarts: 1 }],
    ["young before old", { readyFor: 100, age: 200 }, { readyFor: 101, age: 20_000 }],
    ["about as old: by uid", { readyFor: 100, age: 1001 }, { readyFor: 101, age: 1000 }],
  ])("%s", (_name, first, second) => {
    const pods = [pod("b", second), pod("a", first)];
    const related = [...pods, pod("x", { node: "full" })];
    expect(podsToDelete(pods, 1, related, NOW).map(({ metadata }) => metadata?.uid)).toEqual(["a"]);
  });
});

describe("the status", () => {
  it("counts, and comes back when the next Pod becomes available", () => {
    const pods = [
      pod("a", { readyFor: 100 }),
      pod("b", { readyFor: 20 }),
      pod("c", { readyFor: 5 }),
      pod("d"),
      pod("e", { deleted: true }),
    ];
    const state = observed(4, pods);
    const replicaSet = { ...state.replicaSet, spec: { ...state.replicaSet.spec!, minReadySeconds: 30 } };
    const plan = planReplicaSet({ ...state, replicaSet }, NOW);
    expect(plan.requeueAfterMs).toBe(10_000);
    expect(plan.status).toEqual({
      replicas: 4,
      fullyLabeledReplicas: 4,
      readyReplicas: 3,
      availableReplicas: 1,
      terminatingReplicas: 1,
      observedGeneration: 4,
    });
  });

  it("is written only when it differs, and keeps the first failure until it is over", () => {
    const state = observed(1, []);
    const { status } = planReplicaSet(state, NOW);
    expect(statusToWrite({ ...state.replicaSet, status }, status, undefined, NOW)).toBeUndefined();
    const failed = statusToWrite(state.replicaSet, status, { reason: "FailedCreate", message: "quota" }, NOW);
    const condition = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "quota", lastTransitionTime: ago(0) };
    expect(failed?.conditions).toEqual([condition]);
    const later = { ...state.replicaSet, status: failed };
    const planned = planReplicaSet({ ...state, replicaSet: later }, NOW).status;
    expect(statusToWrite(later, planned, { reason: "FailedCreate", message: "another" }, NOW + 1000)).toBeUndefined();
    expect(statusToWrite(later, planned, undefined, NOW + 1000)?.conditions).toBeUndefined();
  });
});
