import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canonicalJson } from "../canonical-json.ts";
import { controllerRevisionKind, daemonSetKind, nodeKind, type DaemonSet, type Pod, type PodSpec } from "@skiff/api";
import { podKind, template, TestCluster } from "../testing/test-cluster.ts";
import { nodeOf } from "./daemon-pods.ts";

let cluster: TestCluster;
const ref = { namespace: "default", name: "agent" };

beforeEach(async () => {
  cluster = await TestCluster.start(["daemon-set-controller"]);
  for (const name of ["a", "b", "c", "d"]) await cluster.addNode(name);
});
afterEach(() => cluster.stop());

const create = (spec: Partial<NonNullable<DaemonSet["spec"]>> = {}, pod: Partial<PodSpec> = {}) => {
  const base = template("agent", "agent:1");
  const whole = { ...base, spec: { ...base.spec!, ...pod } };
  return cluster.client.resource(daemonSetKind).create({
    metadata: { name: "agent", namespace: "default" },
    spec: { selector: { matchLabels: { app: "agent" } }, template: whole, ...spec },
  });
};
const get = () => cluster.client.resource(daemonSetKind).get(ref);
const setImage = (image: string) =>
  cluster.client.resource(daemonSetKind).patch(ref, { spec: { template: { spec: { containers: [{ name: "web", image }] } } } });
const images = async () => Object.fromEntries((await cluster.pods()).map((pod) => [nodeOf(pod), pod.spec?.containers[0]?.image]));
const nodesOf = (pods: readonly Pod[]) => pods.map((pod) => nodeOf(pod) ?? "").sort();

/** The scheduler binds each Pod to the node that it is meant for, and the kubelets run it. */
async function converge(check?: () => Promise<void>): Promise<void> {
  await cluster.converge(async () => {
    for (const pod of await cluster.pods()) if (!pod.spec?.nodeName) await cluster.bind(pod, nodeOf(pod) ?? "");
    await check?.();
  });
}

describe("a DaemonSet", () => {
  it("has one Pod on each node, also on those that come later", async () => {
    await create();
    await converge();
    expect(nodesOf(await cluster.pods())).toEqual(["a", "b", "c", "d"]);
    await cluster.addNode("e");
    await converge();
    expect(nodesOf(await cluster.pods())).toEqual(["a", "b", "c", "d", "e"]);
    expect((await get()).status).toEqual({
      currentNumberScheduled: 5,
      desiredNumberScheduled: 5,
      numberAvailable: 5,
      numberMisscheduled: 0,
      numberReady: 5,
      observedGeneration: 1,
      updatedNumberScheduled: 5,
    });
    const [pod] = await cluster.pods();
    expect(pod?.spec?.tolerations).toContainEqual({ key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" });
  });

  it("keeps to nodes that it selects and tolerates, and leaves those that it no longer may be on", async () => {
    for (const name of ["a", "b"]) await cluster.client.resource(nodeKind).patch({ name }, { metadata: { labels: { disk: "ssd" } } });
    const taint = (name: string, effect: string) =>
      cluster.client.resource(nodeKind).patch({ name }, { spec: { taints: [{ key: "special", value: "yes", effect }] } });
    await taint("b", "NoSchedule");
    await create({}, { nodeSelector: { disk: "ssd" } });
    await converge();
    expect(nodesOf(await cluster.pods())).toEqual(["a"]);
    // What is there may stay when a node only refuses new Pods.
    await taint("a", "NoSchedule");
    await converge();
    expect(nodesOf(await cluster.pods())).toEqual(["a"]);
    expect((await get()).status).toMatchObject({ desiredNumberScheduled: 0, numberMisscheduled: 1 });
    await taint("a", "NoExecute");
    await converge();
    expect(await cluster.pods()).toEqual([]);
  });

  it("stays on nodes that are not ready", async () => {
    await cluster.client
      .resource(nodeKind)
      .patch({ name: "a" }, { spec: { taints: [{ key: "node.kubernetes.io/not-ready", effect: "NoExecute" }] } });
    await create();
    await converge();
    expect(nodesOf(await cluster.pods())).toEqual(["a", "b", "c", "d"]);
  });

  it("replaces a Pod that failed, ever more slowly", async () => {
    await create();
    await converge();
    const replaced: number[] = [];
    for (let round = 0; round < 4; round++) {
      const pod = (await cluster.pods()).find((one) => nodeOf(one) === "a");
      await cluster.setPod(pod!, { phase: "Failed" });
      const from = cluster.clock.now();
      await cluster.clock.advanceUntil(async () => !(await cluster.pods()).some(({ metadata }) => metadata?.uid === pod?.metadata?.uid));
      replaced.push(Math.round((cluster.clock.now() - from) / 1000));
      await cluster.converge(async () => {
        for (const one of await cluster.pods()) if (!one.spec?.nodeName) await cluster.bind(one, "a");
      });
    }
    expect(replaced[0]).toBe(0);
    expect(replaced[3]).toBeGreaterThan(replaced[1] ?? 0);
  });

  it("writes nothing while nothing changes", async () => {
    await create();
    await converge();
    await cluster.settle();
    const before = cluster.api.writes.length;
    await cluster.clock.advance("1h");
    expect(cluster.api.writes.length).toBe(before);
  });
});

describe("an update", () => {
  const working = async () =>
    (await cluster.pods()).filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"));

  it("goes node by node, within maxUnavailable", async () => {
    await create({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 2 } } });
    await converge();
    await setImage("agent:2");
    await converge(async () => expect(new Set(nodesOf(await working())).size).toBeGreaterThanOrEqual(2));
    expect(await images()).toEqual({ a: "agent:2", b: "agent:2", c: "agent:2", d: "agent:2" });
    const revisions = await cluster.list(controllerRevisionKind);
    expect(revisions.map(({ revision }) => revision)).toEqual([1, 2]);
    // Clients compare them with their own, byte by byte.
    for (const { data } of revisions) expect(JSON.stringify(data)).toBe(canonicalJson(data));
  });

  it("with surge starts the new Pod beside the old one", async () => {
    await create({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    await converge();
    await setImage("agent:2");
    await converge(async () => expect(new Set(nodesOf(await working())).size).toBe(4));
    expect(await images()).toEqual({ a: "agent:2", b: "agent:2", c: "agent:2", d: "agent:2" });
  });

  it("with OnDelete waits until somebody deletes the old Pod", async () => {
    await create({ updateStrategy: { type: "OnDelete" } });
    await converge();
    await setImage("agent:2");
    await converge();
    expect(new Set(Object.values(await images()))).toEqual(new Set(["agent:1"]));
    const pod = (await cluster.pods()).find((one) => nodeOf(one) === "a");
    await cluster.client.resource(podKind).delete({ namespace: "default", name: pod?.metadata?.name ?? "" });
    await converge();
    expect(await images()).toMatchObject({ a: "agent:2", b: "agent:1" });
  });

  it("that goes back to an old template gives its revision the highest number", async () => {
    await create();
    await converge();
    await setImage("agent:2");
    await converge();
    await setImage("agent:1");
    await converge();
    expect((await cluster.list(controllerRevisionKind)).map(({ revision }) => revision)).toEqual(expect.arrayContaining([2, 3]));
    expect(new Set(Object.values(await images()))).toEqual(new Set(["agent:1"]));
  });
});
