import { describe, expect, it } from "vitest";
import { selectorFromLabels } from "@skiff/api";
import { asking, testNode, testPod } from "../testing/objects.ts";
import { ASSUMED_TTL_MS, ClusterState } from "./cluster-state.ts";
import { PodInfo } from "./pod-info.ts";

const cpuOf = (state: ClusterState, name: string): number | undefined => state.node(name)?.milliCpu;

describe("the cluster state", () => {
  it("counts an assumed Pod once, also after the API has shown it, on whichever node", () => {
    const state = new ClusterState();
    for (const name of ["a", "b"]) state.setNode(testNode(name));
    const pod = testPod("p", asking({ cpu: "1" }));
    state.assume(new PodInfo(pod), "a");
    state.setPod(new PodInfo({ ...pod, spec: { ...pod.spec!, nodeName: "b" } }));
    expect([cpuOf(state, "a"), cpuOf(state, "b"), state.isAssumed("uid-p")]).toEqual([0, 1000, false]);
    state.forget("uid-p");
    expect(cpuOf(state, "b")).toBe(1000);
    state.removePod("uid-p");
    expect(cpuOf(state, "b")).toBe(0);
  });

  it("gives up a bound Pod that is never seen, but none whose binding is under way", () => {
    const state = new ClusterState();
    state.setNode(testNode("a"));
    state.assume(new PodInfo(testPod("bound", asking({ cpu: "1" }))), "a");
    state.assume(new PodInfo(testPod("binding", asking({ cpu: "2" }))), "a");
    state.finishBinding("uid-bound", 0);
    state.expire(ASSUMED_TTL_MS - 1);
    expect(cpuOf(state, "a")).toBe(3000);
    state.expire(ASSUMED_TTL_MS);
    expect(cpuOf(state, "a")).toBe(2000);
  });

  it("keeps the Pods of a node that comes late or comes back", () => {
    const state = new ClusterState();
    state.setPod(new PodInfo(testPod("p", { ...asking({ cpu: "1" }), nodeName: "a" })));
    expect(state.nodes).toEqual([]);
    state.setNode(testNode("a"));
    state.removeNode("a");
    expect([state.nodes.length, state.node("a")]).toEqual([0, undefined]);
    state.setNode(testNode("a"));
    expect(cpuOf(state, "a")).toBe(1000);
  });

  it("lists nodes zone by zone in turn", () => {
    const state = new ClusterState();
    const zones = { a: "1", b: "1", c: "1", d: "2", e: "3" };
    for (const [name, zone] of Object.entries(zones)) state.setNode(testNode(name, { "topology.kubernetes.io/zone": zone }));
    expect(state.nodes.map(({ name }) => name)).toEqual(["a", "d", "e", "b", "c"]);
  });

  it("keeps the Pods that a selector picks counted", () => {
    const state = new ClusterState();
    state.setNode(testNode("a"));
    const selector = selectorFromLabels({ app: "web" });
    const count = (): number | undefined => state.matchCounts("default", selector).get(state.node("a")!);
    const web = (name: string) => testPod(name, {}, { app: "web" });
    state.assume(new PodInfo(web("one")), "a");
    expect(count()).toBe(1);
    state.assume(new PodInfo(web("two")), "a");
    state.assume(new PodInfo(testPod("other")), "a");
    state.assume(new PodInfo({ ...web("three"), metadata: { ...web("three").metadata, namespace: "elsewhere" } }), "a");
    expect(count()).toBe(2);
    const leaving = { ...web("one"), metadata: { ...web("one").metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    state.setPod(new PodInfo({ ...leaving, spec: { ...leaving.spec!, nodeName: "a" } }));
    expect(count()).toBe(1);
    state.removePod("uid-one");
    state.removePod("uid-two");
    expect(count()).toBeUndefined();
  });
});
