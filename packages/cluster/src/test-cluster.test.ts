import { deploymentKind, jobKind, leaseKind, nodeKind, podKind, type Deployment, type Pod } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./test-cluster.ts";

const web: Deployment = {
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image: "example.com/web:1" }] } },
  },
};

async function pods(cluster: TestCluster, labelSelector = "app=web"): Promise<readonly Pod[]> {
  return (await cluster.client.resource(podKind).list({ namespace: "default", labelSelector })).items;
}

async function running(cluster: TestCluster, count: number): Promise<void> {
  await cluster.clock.advanceUntil(async () => {
    const found = await pods(cluster);
    return (
      found.length === count &&
      found.every((pod) => pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"))
    );
  }, "5m");
}

describe("a cluster inside a test", () => {
  it("runs a Deployment from the API to Ready Pods on its nodes", async () => {
    await using cluster = await startCluster({ nodes: 3 });
    await cluster.client.resource(deploymentKind).create(web);
    await running(cluster, 3);
    const found = await pods(cluster);
    expect(new Set(found.map((pod) => pod.spec?.nodeName)).size).toBe(3);
    expect(new Set(found.map((pod) => pod.status?.podIP)).size).toBe(3);
    const stored = await cluster.client.resource(deploymentKind).get({ namespace: "default", name: "web" });
    await cluster.clock.advance("1s");
    expect(stored.spec?.progressDeadlineSeconds).toBe(600);
  });

  it("replaces Pods in a rolling update and never has fewer ready than allowed", async () => {
    await using cluster = await startCluster({ nodes: 2 });
    const deployments = cluster.client.resource(deploymentKind);
    await deployments.create({
      ...web,
      spec: { ...web.spec!, strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } },
    });
    await running(cluster, 3);
    const before = new Set((await pods(cluster)).map((pod) => pod.metadata?.uid));
    let fewest = Number.POSITIVE_INFINITY;
    const watch = await cluster.client.resource(podKind).watch({ namespace: "default" }, () => {});
    await deployments.patch(
      { namespace: "default", name: "web" },
      { spec: { template: { spec: { containers: [{ name: "main", image: "example.com/web:2" }] } } } },
      { type: "strategic" },
    );
    await cluster.clock.advanceUntil(async () => {
      const found = await pods(cluster);
      const ready = found.filter(
        (pod) =>
          pod.metadata?.deletionTimestamp === undefined &&
          pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
      );
      fewest = Math.min(fewest, ready.length);
      return found.length === 3 && found.every((pod) => !before.has(pod.metadata?.uid) && pod.status?.phase === "Running");
    }, "10m");
    watch.close();
    expect(fewest).toBeGreaterThanOrEqual(3);
  });

  it("writes the status of idle nodes every five minutes only", async () => {
    await using cluster = await startCluster({ nodes: 2 });
    await cluster.clock.advance("30s");
    const nodes = cluster.client.resource(nodeKind);
    // What a network plug-in would add; it comes to stand behind the kubelet's own conditions.
    const condition = { type: "NetworkUnavailable", status: "False", reason: "Routed", message: "routes are there" };
    await nodes.patch({ name: "node-1" }, { status: { conditions: [condition] } }, { type: "strategic", subresource: "status" });
    await cluster.clock.advance("30s");
    const { resourceVersion } = (await nodes.list()).metadata ?? {};
    let writes = 0;
    const watch = await nodes.watch({ resourceVersion }, (events) => void (writes += events.length));
    await cluster.clock.advance("3m");
    expect(writes).toBe(0);
    await cluster.clock.advance("2m");
    expect(writes).toBe(2);
    watch.close();
  });

  it("forgets the past, so that it does not grow with every renewed lease", async () => {
    await using cluster = await startCluster();
    await cluster.clock.advance("30s");
    const leases = cluster.client.resource(leaseKind);
    const { resourceVersion } = (await leases.list({ namespace: "kube-node-lease" })).metadata ?? {};
    const past = { namespace: "kube-node-lease", resourceVersion, resourceVersionMatch: "Exact" } as const;
    await cluster.clock.advance("3m");
    expect((await leases.list(past)).items).toHaveLength(1);
    await cluster.clock.advance("10m");
    await expect(leases.list(past)).rejects.toMatchObject({ reason: "Expired" });
  });

  it("moves the Pods of a node that stops answering, after the times that upstream waits", async () => {
    await using cluster = await startCluster({ nodes: 2 });
    await cluster.client.resource(deploymentKind).create(web);
    await running(cluster, 3);
    await cluster.nodes.get("node-1")?.kubelet.stop();
    await cluster.clock.advance("2m");
    const node = await cluster.client.resource(nodeKind).get({ name: "node-1" });
    expect(node.status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("Unknown");
    // Tolerations of 300 s keep the Pods for five more minutes.
    await cluster.clock.advance("6m");
    const alive = (await pods(cluster)).filter((pod) => pod.metadata?.deletionTimestamp === undefined);
    expect(alive.map((pod) => pod.spec?.nodeName)).toEqual(["node-2", "node-2", "node-2"]);
  });

  it("deletes what belongs to a deleted owner", async () => {
    await using cluster = await startCluster();
    await cluster.client.resource(deploymentKind).create(web);
    await running(cluster, 3);
    await cluster.client.resource(deploymentKind).delete({ namespace: "default", name: "web" }, { propagationPolicy: "Foreground" });
    await cluster.clock.advanceUntil(async () => (await pods(cluster)).length === 0, "5m");
    await expect(cluster.client.resource(deploymentKind).get({ namespace: "default", name: "web" })).rejects.toMatchObject({
      reason: "NotFound",
    });
  });

  it("refuses a wrong object in upstream's words", async () => {
    await using cluster = await startCluster({ nodes: 0 });
    const wrong = cluster.client
      .resource(podKind)
      .create({ metadata: { name: "p", namespace: "default" }, spec: { containers: [{ name: "Main", image: "" }] } });
    await expect(wrong).rejects.toMatchObject({
      reason: "Invalid",
      message: expect.stringContaining("spec.containers[0].image: Required value"),
    });
    await expect(cluster.client.resource(jobKind).get({ namespace: "default", name: "none" })).rejects.toMatchObject({
      message: 'jobs.batch "none" not found',
    });
  });

  it("runs beside others in one process, the same seed giving the same names", async () => {
    await using first = await startCluster({ seed: 7 });
    await using second = await startCluster({ seed: 7 });
    const names = async (cluster: TestCluster): Promise<(string | undefined)[]> => {
      await cluster.client.resource(deploymentKind).create(web);
      await running(cluster, 3);
      return (await pods(cluster)).map((pod) => pod.metadata?.name);
    };
    expect(await names(first)).toEqual(await names(second));
  });

  it("is reached over TLS by its kubeconfig", async () => {
    await using cluster = await startCluster({ nodes: 1, time: "system" });
    expect(await cluster.kubeconfig()).toMatch(/server: https:\/\/127\.0\.0\.1:\d+/);
  });
});
