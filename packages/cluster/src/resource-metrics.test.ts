import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clusterRoleKind, nodeMetricsKind, podKind, podMetricsKind } from "@skiff/api";
import { startCluster, type TestCluster } from "./test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await startCluster({
    nodes: 2,
    runtime: {
      behaviours: [
        { match: { container: "busy" }, cpuMillicores: 250, memoryWorkingSetBytes: 64 * 2 ** 20 },
        { match: { container: "helper" }, cpuMillicores: 10, memoryWorkingSetBytes: 2 ** 20 },
      ],
    },
  });
  const containers = [
    { name: "busy", image: "example.com/busy:1" },
    { name: "helper", image: "example.com/helper:1" },
  ];
  for (const name of ["a", "b"])
    await cluster.client
      .resource(podKind)
      .create({ metadata: { name, namespace: "default", labels: { app: name } }, spec: { containers } });
  await cluster.clock.advance("20s");
});
afterEach(() => cluster.stop());

/** Asks, and lets the time pass that the answer takes. */
async function afterSeconds<T>(seconds: number, asked: Promise<T>): Promise<T> {
  await cluster.clock.advance(`${seconds}s`);
  return asked;
}

describe("the metrics API", () => {
  it("tells what each container uses, soon after the first question", async () => {
    const { items } = await afterSeconds(3, cluster.client.resource(podMetricsKind).list({ namespace: "default" }));
    expect(new Set(items.map(({ metadata }) => metadata?.name))).toEqual(new Set(["a", "b"]));
    expect(items[0]?.containers.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: "busy", usage: { cpu: "250m", memory: "64Mi" } },
      { name: "helper", usage: { cpu: "10m", memory: "1Mi" } },
    ]);
    expect(items[0]).toMatchObject({ window: "2s", metadata: { namespace: "default" } });
  });

  it("picks by labels and namespace, and knows single ones", async () => {
    const pods = cluster.client.resource(podMetricsKind);
    const chosen = await afterSeconds(3, pods.list({ labelSelector: "app=b" }));
    expect(chosen.items.map(({ metadata }) => metadata?.name)).toEqual(["b"]);
    expect((await pods.list({ namespace: "kube-system" })).items).toEqual([]);
    expect((await pods.get({ namespace: "default", name: "a" })).containers).toHaveLength(2);
    await expect(pods.get({ namespace: "default", name: "c" })).rejects.toMatchObject({
      message: 'pods.metrics.k8s.io "c" not found',
    });
  });

  it("follows the load with samples 15 seconds apart, and rests when nobody asks", async () => {
    const pods = cluster.client.resource(podMetricsKind);
    await afterSeconds(3, pods.list());
    for (const { runtime } of cluster.nodes.values())
      for (const { id } of await runtime.listContainers()) runtime.setUsage(id, { cpuMillicores: 500 });
    await cluster.clock.advance("30s");
    const pod = await pods.get({ namespace: "default", name: "a" });
    expect(pod).toMatchObject({ window: "15s", containers: [{ usage: { cpu: "500m" } }, { usage: { cpu: "500m" } }] });

    let questions = 0;
    for (const { runtime } of cluster.nodes.values()) {
      const list = runtime.listContainerStats.bind(runtime);
      runtime.listContainerStats = () => (questions++, list());
    }
    await cluster.clock.advance("6m");
    questions = 0;
    await cluster.clock.advance("10m");
    expect(questions).toBe(0);
  });

  it("tells what nodes use", async () => {
    const { items } = await afterSeconds(3, cluster.client.resource(nodeMetricsKind).list());
    expect(items).toHaveLength(2);
    const total = items.reduce((sum, { usage }) => sum + Number.parseInt(usage["cpu"] ?? "0", 10), 0);
    expect(total).toBe(520);
  });

  it("has columns, is in discovery, and is for those who may look", async () => {
    const { items } = await afterSeconds(3, cluster.client.resource(podMetricsKind).list());
    const [first] = items;
    expect(podMetricsKind.columns?.map(({ name, value }) => [name, first && value(first, 0)])).toEqual([
      ["Name", "a"],
      ["cpu", "260m"],
      ["memory", "65Mi"],
      ["Window", "2s"],
    ]);
    expect(await cluster.client.raw({ method: "GET", path: "/apis/metrics.k8s.io/v1beta1" })).toMatchObject({
      resources: [
        { name: "nodes", kind: "NodeMetrics", namespaced: false, verbs: ["get", "list"] },
        { name: "pods", kind: "PodMetrics", namespaced: true, verbs: ["get", "list"] },
      ],
    });
    const view = await cluster.client.resource(clusterRoleKind).get({ name: "view" });
    expect(view.rules).toContainEqual({ apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] });
    const viewer = cluster.clientAs({ name: "jane", groups: ["system:authenticated"] });
    await expect(viewer.resource(podMetricsKind).list()).rejects.toMatchObject({ status: { reason: "Forbidden" } });
  });
});
