import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Deployment, ReplicaSet } from "@skiff/api";
import { deployment, deploymentKind, replicaSetKind, template, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;
const ref = { namespace: "default", name: "web" };

beforeEach(async () => {
  cluster = await TestCluster.start(["replicaset-controller", "deployment-controller"]);
});
afterEach(() => cluster.stop());

const create = (replicas: number, spec?: Partial<NonNullable<Deployment["spec"]>>) =>
  cluster.client.resource(deploymentKind).create(deployment("web", replicas, spec));
const get = () => cluster.client.resource(deploymentKind).get(ref);
const patch = (spec: object) => cluster.client.resource(deploymentKind).patch(ref, { spec });
const setImage = (image: string) => patch({ template: { spec: { containers: [{ name: "web", image }] } } });
const replicaSets = (): Promise<ReplicaSet[]> => cluster.list(replicaSetKind);
const condition = async (type: string) => (await get()).status?.conditions?.find((one) => one.type === type);

describe("a new Deployment", () => {
  it("gets a ReplicaSet named after the hash of its template, and reports when it is complete", async () => {
    await create(3);
    await cluster.settle();
    expect((await condition("Progressing"))?.reason).toBe("ReplicaSetUpdated");
    expect((await condition("Available"))?.status).toBe("False");
    await cluster.converge();
    const [only, ...others] = await replicaSets();
    expect(others).toEqual([]);
    const hash = only?.metadata?.labels?.["pod-template-hash"];
    expect(only?.metadata?.name).toBe(`web-${hash}`);
    expect(only?.spec?.selector.matchLabels).toEqual({ app: "web", "pod-template-hash": hash });
    expect(only?.spec?.template?.metadata?.labels).toEqual({ app: "web", "pod-template-hash": hash });
    expect(only?.metadata?.annotations).toEqual({
      "deployment.kubernetes.io/desired-replicas": "3",
      "deployment.kubernetes.io/max-replicas": "4",
      "deployment.kubernetes.io/revision": "1",
    });
    const { metadata, status } = await get();
    expect(metadata?.annotations?.["deployment.kubernetes.io/revision"]).toBe("1");
    expect(status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, observedGeneration: 1 });
    expect(await condition("Progressing")).toMatchObject({
      status: "True",
      reason: "NewReplicaSetAvailable",
      message: `ReplicaSet "web-${hash}" has successfully progressed.`,
    });
    expect(await condition("Available")).toMatchObject({
      status: "True",
      reason: "MinimumReplicasAvailable",
      message: "Deployment has minimum availability.",
    });
    expect(await cluster.events("Deployment")).toEqual([`ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`]);
  });

  it("writes nothing more once it is complete", async () => {
    await create(3);
    await cluster.converge();
    await cluster.settle();
    const before = cluster.api.writes.length;
    await cluster.clock.advance("2h");
    expect(cluster.api.writes.length).toBe(before);
  });
});

describe("a rolling update", () => {
  it.each([
    { maxSurge: 1, maxUnavailable: 0 },
    { maxSurge: 0, maxUnavailable: 1 },
    { maxSurge: "25%", maxUnavailable: "25%" },
    { maxSurge: "100%", maxUnavailable: 0 },
    { maxSurge: 2, maxUnavailable: 3 },
  ])("stays within $maxSurge more and $maxUnavailable fewer", async (rollingUpdate) => {
    const desired = 8;
    const resolve = (value: string | number, round: (n: number) => number): number =>
      typeof value === "number" ? value : round((Number.parseInt(value, 10) * desired) / 100);
    const most = desired + resolve(rollingUpdate.maxSurge, Math.ceil);
    const fewest = desired - resolve(rollingUpdate.maxUnavailable, Math.floor);
    await create(desired, { strategy: { type: "RollingUpdate", rollingUpdate } });
    await cluster.converge();
    await setImage("web:2");
    await cluster.converge(async () => {
      const pods = await cluster.pods();
      const ready = pods.filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"));
      expect(pods.length).toBeLessThanOrEqual(most);
      expect(ready.length).toBeGreaterThanOrEqual(fewest);
    });
    expect(await cluster.sizes()).toEqual([0, desired]);
    const images = (await cluster.pods()).map(({ spec }) => spec?.containers[0]?.image);
    expect(new Set(images)).toEqual(new Set(["web:2"]));
  });

  it("does not take down more working Pods when the new ones never become ready, and reports the missed deadline", async () => {
    await create(4, { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } }, progressDeadlineSeconds: 60 });
    await cluster.converge();
    await setImage("broken:1");
    await cluster.clock.advance("30s");
    expect(await cluster.sizes()).toEqual([3, 2]);
    expect((await condition("Progressing"))?.status).toBe("True");
    await cluster.clock.advance("40s");
    expect(await cluster.sizes()).toEqual([3, 2]);
    const newest = (await replicaSets()).find(({ metadata }) => metadata?.annotations?.["deployment.kubernetes.io/revision"] === "2");
    expect(await condition("Progressing")).toMatchObject({
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: `ReplicaSet "${newest?.metadata?.name}" has timed out progressing.`,
    });
  });
});

describe("a roll-back", () => {
  it("reuses the ReplicaSet of the old template under a new revision", async () => {
    await create(2);
    await cluster.converge();
    const [first] = await replicaSets();
    await setImage("web:2");
    await cluster.converge();
    await setImage("web:1");
    await cluster.converge();
    const back = (await replicaSets()).find(({ metadata }) => metadata?.uid === first?.metadata?.uid);
    expect(await replicaSets()).toHaveLength(2);
    expect(back?.spec?.replicas).toBe(2);
    expect(back?.metadata?.annotations).toMatchObject({
      "deployment.kubernetes.io/revision": "3",
      "deployment.kubernetes.io/revision-history": "1",
    });
    expect((await get()).metadata?.annotations?.["deployment.kubernetes.io/revision"]).toBe("3");
  });
});

describe("Recreate", () => {
  it("ends all old Pods before it makes the first new one", async () => {
    await create(3, { strategy: { type: "Recreate" } });
    await cluster.converge();
    await setImage("web:2");
    await cluster.converge(async () => {
      const all = await cluster.client.raw({ method: "GET", path: "/api/v1/namespaces/default/pods" });
      const images = new Set(
        (all as { items: { spec: { containers: { image: string }[] } }[] }).items.map(({ spec }) => spec.containers[0]?.image),
      );
      expect(images.size).toBeLessThanOrEqual(1);
    });
    expect(await cluster.sizes()).toEqual([0, 3]);
    expect(await cluster.pods()).toHaveLength(3);
  });
});

describe("pausing", () => {
  it("holds the roll-out back, lets it be scaled, and goes on afterwards", async () => {
    await create(2);
    await cluster.converge();
    await patch({ paused: true });
    await setImage("web:2");
    await cluster.converge();
    expect(await cluster.sizes()).toEqual([2]);
    expect(await condition("Progressing")).toMatchObject({ status: "Unknown", reason: "DeploymentPaused" });
    await patch({ replicas: 4 });
    await cluster.converge();
    expect(await cluster.sizes()).toEqual([4]);
    await patch({ paused: false });
    await cluster.converge();
    expect(await cluster.sizes()).toEqual([0, 4]);
    expect(await condition("Progressing")).toMatchObject({ status: "True", reason: "NewReplicaSetAvailable" });
  });
});

describe("scaling", () => {
  it("is shared in proportion in the middle of a roll-out", async () => {
    await create(10, { strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } });
    await cluster.converge();
    await setImage("broken:1");
    await cluster.settle();
    // 8 old ones stay available, 5 new ones never become it.
    expect(await cluster.sizes()).toEqual([8, 5]);
    await patch({ replicas: 15 });
    await cluster.settle();
    // The example of the Kubernetes documentation: 5 more, 3 to the larger and 2 to the smaller.
    expect(await cluster.sizes()).toEqual([11, 7]);
  });
});

describe("the history", () => {
  it("goes on from the revision of an adopted ReplicaSet, whatever number of 64 bits it is", async () => {
    const old = template("web", "web:0");
    await cluster.client.resource(replicaSetKind).create({
      metadata: {
        name: "old",
        namespace: "default",
        labels: { app: "web" },
        annotations: { "deployment.kubernetes.io/revision": "3546343826724305832" },
      },
      spec: { replicas: 1, selector: { matchLabels: { app: "web" } }, template: old },
    });
    await create(1);
    await cluster.converge();
    expect((await get()).metadata?.annotations?.["deployment.kubernetes.io/revision"]).toBe("3546343826724305833");
    expect(new Set((await replicaSets()).map(({ spec }) => spec?.replicas))).toEqual(new Set([0, 1]));
  });

  it("keeps as many old ReplicaSets as it may, the newest ones", async () => {
    await create(1, { revisionHistoryLimit: 2 });
    for (let version = 2; version <= 6; version++) {
      await cluster.converge();
      await setImage(`web:${version}`);
    }
    await cluster.converge();
    await cluster.settle();
    const revisions = (await replicaSets()).map(({ metadata }) => metadata?.annotations?.["deployment.kubernetes.io/revision"]);
    expect(new Set(revisions)).toEqual(new Set(["4", "5", "6"]));
  });
});

describe("a hash that is taken", () => {
  it("is counted and another one is used", async () => {
    const made = await create(1);
    await cluster.settle();
    const [first] = await replicaSets();
    await cluster.client.resource(deploymentKind).delete(ref);
    await cluster.client.resource(replicaSetKind).delete({ namespace: "default", name: first?.metadata?.name ?? "" });
    await cluster.settle();
    // Somebody else's ReplicaSet has the name that ours would get.
    const selector = { matchLabels: { app: "other" } };
    await cluster.client.resource(replicaSetKind).create({
      metadata: { name: first?.metadata?.name, namespace: "default" },
      spec: { replicas: 0, selector, template: template("other") },
    });
    await cluster.client.resource(deploymentKind).create(deployment("web", 1));
    await cluster.converge();
    expect((await get()).status?.collisionCount).toBe(1);
    const own = (await replicaSets()).filter(({ metadata }) => metadata?.ownerReferences?.some(({ kind }) => kind === "Deployment"));
    expect(own).toHaveLength(1);
    expect(own[0]?.metadata?.name).not.toBe(first?.metadata?.name);
    expect(made.metadata?.uid).not.toBe((await get()).metadata?.uid);
  });
});
