import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatTime } from "@skiff/base";
import { endpointsKind, endpointSliceKind, serviceKind, type Pod, type Service } from "@skiff/api";
import { podKind, template, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["endpoint-controller", "endpointslice-controller", "endpointslicemirroring-controller"]);
});
afterEach(() => cluster.stop());

const createService = (spec: Service["spec"] = {}, name = "web") =>
  cluster.client.resource(serviceKind).create({
    metadata: { name, namespace: "default" },
    spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }], ...spec },
  });

async function createPod(name: string, ip: string, ready = true, containerPort = 8080): Promise<Pod> {
  const base = template("web");
  const containers = [{ name: "web", image: "web:1", ports: [{ name: "http", containerPort }] }];
  const pod = await cluster.client
    .resource(podKind)
    .create({ metadata: { name, namespace: "default", labels: base.metadata?.labels }, spec: { containers, nodeName: "node-1" } });
  const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: formatTime(cluster.clock.now()) }];
  await cluster.setPod(pod, { phase: "Running", podIP: ip, podIPs: [{ ip }], conditions });
  return pod;
}
const slices = () => cluster.list(endpointSliceKind);
const endpoints = async () => (await cluster.list(endpointsKind))[0];

describe("a Service with a selector", () => {
  it("has one empty slice and empty Endpoints before it has Pods", async () => {
    await createService();
    await cluster.settle();
    const [slice, ...others] = await slices();
    expect(others).toEqual([]);
    expect(slice?.endpoints ?? []).toEqual([]);
    expect(slice?.metadata?.labels).toMatchObject({
      "kubernetes.io/service-name": "web",
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    });
    expect((await endpoints())?.subsets).toBeUndefined();
  });

  it("shows Pods with the port that the name stands for, and who is ready", async () => {
    await createService();
    const ready = await createPod("a", "10.0.0.1");
    await createPod("b", "10.0.0.2", false);
    await cluster.settle();
    const [slice, ...others] = await slices();
    expect(others).toEqual([]);
    expect(slice?.ports).toEqual([{ name: "http", port: 8080, protocol: "TCP" }]);
    expect(slice?.endpoints).toContainEqual({
      addresses: ["10.0.0.1"],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: "node-1",
      targetRef: { kind: "Pod", namespace: "default", name: "a", uid: ready.metadata?.uid },
    });
    expect(slice?.endpoints?.find(({ addresses }) => addresses[0] === "10.0.0.2")?.conditions).toEqual({
      ready: false,
      serving: false,
      terminating: false,
    });
    const [subset] = (await endpoints())?.subsets ?? [];
    expect(subset?.addresses?.map(({ ip }) => ip)).toEqual(["10.0.0.1"]);
    expect(subset?.notReadyAddresses?.map(({ ip }) => ip)).toEqual(["10.0.0.2"]);
    expect(subset?.ports).toEqual([{ name: "http", port: 8080, protocol: "TCP" }]);
  });

  it("shows a Pod that is being deleted as terminating in slices, and not at all in Endpoints", async () => {
    await createService();
    await createPod("a", "10.0.0.1");
    await cluster.client.resource(podKind).delete({ namespace: "default", name: "a" });
    await cluster.settle();
    const [slice] = await slices();
    expect(slice?.endpoints?.[0]?.conditions).toEqual({ ready: false, serving: true, terminating: true });
    expect((await endpoints())?.subsets).toBeUndefined();
  });

  it("publishes what is not ready when it is told to", async () => {
    await createService({ publishNotReadyAddresses: true, clusterIP: "None" });
    await createPod("a", "10.0.0.1", false);
    await cluster.settle();
    const [slice] = await slices();
    expect(slice?.endpoints?.[0]?.conditions).toMatchObject({ ready: true, serving: false });
    expect(slice?.metadata?.labels?.["service.kubernetes.io/headless"]).toBe("");
    expect((await endpoints())?.subsets?.[0]?.addresses).toHaveLength(1);
  });

  it("keeps Pods with different ports apart", async () => {
    await createService();
    await createPod("a", "10.0.0.1", true, 8080);
    await createPod("b", "10.0.0.2", true, 9090);
    await cluster.settle();
    expect(new Set((await slices()).map(({ ports }) => ports?.[0]?.port))).toEqual(new Set([8080, 9090]));
    expect((await endpoints())?.subsets?.map(({ ports }) => ports?.[0]?.port)).toEqual([8080, 9090]);
  });

  it("holds at most a hundred endpoints in a slice, each exactly once, and writes one slice when one Pod changes", async () => {
    await createService();
    for (let index = 0; index < 250; index++) await createPod(`p${index}`, `10.0.${index >> 8}.${index & 255}`);
    await cluster.settle();
    const all = (await slices()).flatMap(({ endpoints = [] }) => endpoints.map(({ addresses }) => addresses[0]));
    expect(new Set(all).size).toBe(250);
    expect(all).toHaveLength(250);
    for (const { endpoints = [] } of await slices()) expect(endpoints.length).toBeLessThanOrEqual(100);
    const before = cluster.api.writes.length;
    await cluster.client.resource(podKind).delete({ namespace: "default", name: "p7" }, { gracePeriodSeconds: 0 });
    await cluster.settle();
    const written = cluster.api.writes.slice(before).filter(({ path, method }) => path.includes("endpointslices") && method !== "DELETE");
    expect(new Set(written.map(({ path }) => path)).size).toBe(1);
  });

  it("takes its Endpoints with it, and leaves the slices to the garbage collector by their owner", async () => {
    const service = await createService();
    await cluster.settle();
    await cluster.client.resource(serviceKind).delete({ namespace: "default", name: "web" });
    await cluster.settle();
    expect(await cluster.list(endpointsKind)).toEqual([]);
    expect((await slices())[0]?.metadata?.ownerReferences?.[0]).toMatchObject({ kind: "Service", uid: service.metadata?.uid });
  });

  it("is not touched again when nothing changes", async () => {
    await createService();
    await createPod("a", "10.0.0.1");
    await cluster.settle();
    const before = cluster.api.writes.length;
    await cluster.clock.advance("1h");
    expect(cluster.api.writes.length).toBe(before);
  });
});

describe("a Service without a selector", () => {
  const byHand = {
    metadata: { name: "db", namespace: "default" },
    subsets: [{ addresses: [{ ip: "192.0.2.7" }], ports: [{ port: 5432, protocol: "TCP" }] }],
  };

  it("shows the Endpoints that users write, as slices", async () => {
    await createService({ selector: undefined }, "db");
    await cluster.client.resource(endpointsKind).create(byHand);
    await cluster.settle();
    const [slice, ...others] = await slices();
    expect(others).toEqual([]);
    expect(slice?.metadata?.labels?.["endpointslice.kubernetes.io/managed-by"]).toBe("endpointslicemirroring-controller.k8s.io");
    expect(slice?.addressType).toBe("IPv4");
    expect(slice?.endpoints).toEqual([{ addresses: ["192.0.2.7"], conditions: { ready: true } }]);
    await cluster.client.resource(endpointsKind).delete({ namespace: "default", name: "db" });
    await cluster.settle();
    expect(await slices()).toEqual([]);
  });

  it("does not lose Endpoints that were written before it", async () => {
    await cluster.client.resource(endpointsKind).create(byHand);
    await cluster.settle();
    expect(await cluster.list(endpointsKind)).toHaveLength(1);
    await createService({ selector: undefined }, "db");
    await cluster.settle();
    expect(await slices()).toHaveLength(1);
  });
});
