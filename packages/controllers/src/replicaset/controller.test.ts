import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { statusError } from "@skiff/api";
import { podKind, replicaSet, replicaSetKind, template, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["replicaset-controller"]);
});
afterEach(() => cluster.stop());

const create = (...args: Parameters<typeof replicaSet>) => cluster.client.resource(replicaSetKind).create(replicaSet(...args));
const status = async (name: string) => (await cluster.client.resource(replicaSetKind).get({ namespace: "default", name })).status;
const scale = (name: string, replicas: number) =>
  cluster.client.resource(replicaSetKind).patch({ namespace: "default", name }, { spec: { replicas } });

describe("the number of Pods", () => {
  it("becomes that of the specification, and Pods belong to their ReplicaSet", async () => {
    await create("web", 3);
    await cluster.settle();
    const pods = await cluster.pods();
    expect(pods).toHaveLength(3);
    const owner = await cluster.client.resource(replicaSetKind).get({ namespace: "default", name: "web" });
    for (const { metadata } of pods) {
      expect(metadata?.name).toMatch(/^web-[a-z0-9]{5}$/);
      expect(metadata?.ownerReferences).toEqual([
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: owner.metadata?.uid, controller: true, blockOwnerDeletion: true },
      ]);
    }
    expect(await cluster.events("ReplicaSet")).toContain(`SuccessfulCreate: Created pod: ${pods[0]?.metadata?.name}`);
  });

  it("follows the scale down to nothing", async () => {
    await create("web", 5);
    await cluster.converge();
    await scale("web", 2);
    await cluster.converge();
    expect(await cluster.pods()).toHaveLength(2);
    await scale("web", 0);
    await cluster.converge();
    expect(await cluster.pods()).toHaveLength(0);
    expect(await status("web")).toEqual({ replicas: 0, terminatingReplicas: 0, observedGeneration: 3 });
  });

  it("is made up for when a Pod fails or is deleted", async () => {
    await create("web", 2);
    await cluster.converge();
    const [first, second] = await cluster.pods();
    await cluster.setPod(first!, { phase: "Failed" });
    await cluster.client.resource(podKind).delete({ namespace: "default", name: second?.metadata?.name ?? "" });
    await cluster.converge();
    expect((await cluster.pods()).filter(({ status }) => status?.phase === "Running")).toHaveLength(2);
  });

  it("is right for many Pods, and never exceeded while they come", async () => {
    await create("web", 700);
    await cluster.converge(async () => expect((await cluster.pods()).length).toBeLessThanOrEqual(700));
    expect(await cluster.pods()).toHaveLength(700);
    expect(cluster.api.writes.filter(({ method, path }) => method === "POST" && path.endsWith("/pods"))).toHaveLength(700);
  });
});

describe("a cache that is behind", () => {
  it("makes no further Pods before it shows the ones just made", async () => {
    await create("web", 3);
    await cluster.settle();
    // From here on the informer hears nothing, and the ReplicaSet is touched again and again.
    cluster.api.intercept = ({ path, query }) => {
      if (query?.watch && path === "/api/v1/pods") throw new Error("the network is down");
    };
    cluster.api.endWatches(new Error("the network is down"));
    await scale("web", 5);
    await cluster.settle();
    for (let round = 0; round < 3; round++) {
      await cluster.client
        .resource(replicaSetKind)
        .patch({ namespace: "default", name: "web" }, { metadata: { labels: { round: `${round}` } } });
      await cluster.clock.advance("10s");
    }
    expect(await cluster.pods()).toHaveLength(5);
    cluster.api.intercept = () => {};
    await cluster.clock.advance("2m");
    expect(await cluster.pods()).toHaveLength(5);
  });
});

describe("owning", () => {
  it("adopts Pods that nobody owns and that fit, and releases those that no longer fit", async () => {
    const stray = await cluster.client
      .resource(podKind)
      .create({ ...template("web"), metadata: { name: "stray", namespace: "default", labels: { app: "web" } } });
    await create("web", 2);
    await cluster.settle();
    expect(await cluster.pods()).toHaveLength(2);
    const adopted = await cluster.client.resource(podKind).get({ namespace: "default", name: "stray" });
    expect(adopted.metadata?.uid).toBe(stray.metadata?.uid);
    expect(adopted.metadata?.ownerReferences?.[0]).toMatchObject({ kind: "ReplicaSet", name: "web", controller: true });

    await cluster.client.resource(podKind).patch({ namespace: "default", name: "stray" }, { metadata: { labels: { app: "debug" } } });
    await cluster.settle();
    const released = await cluster.client.resource(podKind).get({ namespace: "default", name: "stray" });
    expect(released.metadata?.ownerReferences ?? []).toEqual([]);
    expect(await cluster.pods()).toHaveLength(3);
  });

  it("does not take a Pod from its owner", async () => {
    await create("web", 1);
    await cluster.settle();
    await cluster.client.resource(replicaSetKind).create({ ...replicaSet("web", 1), metadata: { name: "other", namespace: "default" } });
    await cluster.settle();
    expect(await cluster.pods()).toHaveLength(2);
  });
});

describe("the status", () => {
  it("counts ready Pods at once and available ones after minReadySeconds", async () => {
    await create("web", 2, { minReadySeconds: 30 });
    await cluster.settle();
    await cluster.runKubelets();
    await cluster.settle();
    expect(await status("web")).toMatchObject({ replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, observedGeneration: 1 });
    expect((await status("web"))?.availableReplicas).toBeUndefined();
    await cluster.clock.advance("30s");
    expect((await status("web"))?.availableReplicas).toBe(2);
  });

  it("says why Pods cannot be created, tries seldom, and takes it back when they can", async () => {
    let refused = 0;
    cluster.api.intercept = ({ method, path }) => {
      if (method !== "POST" || !path.endsWith("/pods")) return;
      refused++;
      throw statusError("Forbidden", "exceeded quota: small");
    };
    await create("web", 50);
    await cluster.clock.advance("5s");
    // One attempt per reconcile, with growing pauses: not fifty.
    expect(refused).toBeLessThan(15);
    expect((await status("web"))?.conditions).toEqual([
      expect.objectContaining({ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "exceeded quota: small" }),
    ]);
    cluster.api.intercept = () => {};
    await cluster.clock.advance("10m");
    expect(await cluster.pods()).toHaveLength(50);
    expect((await status("web"))?.conditions).toBeUndefined();
  });

  it("is not written again when nothing changes", async () => {
    await create("web", 3);
    await cluster.converge();
    const before = cluster.api.writes.length;
    await cluster.clock.advance("1h");
    expect(cluster.api.writes.length).toBe(before);
  });
});
