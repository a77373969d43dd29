import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { persistentVolumeClaimKind, statefulSetKind, type PersistentVolumeClaim, type StatefulSet } from "@skiff/api";
import { podKind, template, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;
const ref = { namespace: "default", name: "db" };

beforeEach(async () => {
  cluster = await TestCluster.start(["statefulset-controller"]);
});
afterEach(() => cluster.stop());

const claimTemplate: PersistentVolumeClaim = {
  metadata: { name: "data" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};
const create = (replicas: number, spec: Partial<NonNullable<StatefulSet["spec"]>> = {}) =>
  cluster.client.resource(statefulSetKind).create({
    metadata: { name: "db", namespace: "default" },
    spec: { replicas, serviceName: "db", selector: { matchLabels: { app: "db" } }, template: template("db", "db:1"), ...spec },
  });
const get = () => cluster.client.resource(statefulSetKind).get(ref);
const patch = (spec: object) => cluster.client.resource(statefulSetKind).patch(ref, { spec });
const setImage = (image: string) => patch({ template: { spec: { containers: [{ name: "web", image }] } } });
const names = async () => (await cluster.list(podKind)).map(({ metadata }) => metadata?.name ?? "").sort();
const images = async () =>
  Object.fromEntries((await cluster.pods()).map(({ metadata, spec }) => [metadata?.name, spec?.containers[0]?.image]));
const claims = async () => (await cluster.list(persistentVolumeClaimKind)).map(({ metadata }) => metadata?.name ?? "").sort();

describe("an ordered set", () => {
  it("starts its Pods one after the other, each with its identity", async () => {
    await create(3);
    const seen: string[][] = [];
    await cluster.converge(async () => void seen.push(await names()));
    expect(seen.slice(0, 3)).toEqual([["db-0"], ["db-0", "db-1"], ["db-0", "db-1", "db-2"]]);
    const pod = await cluster.client.resource(podKind).get({ namespace: "default", name: "db-1" });
    const { updateRevision } = (await get()).status ?? {};
    expect(pod.metadata?.labels).toMatchObject({
      app: "db",
      "statefulset.kubernetes.io/pod-name": "db-1",
      "apps.kubernetes.io/pod-index": "1",
      "controller-revision-hash": updateRevision,
    });
    expect(pod.spec).toMatchObject({ hostname: "db-1", subdomain: "db" });
    expect((await get()).status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
    });
    expect(await cluster.events("StatefulSet")).toContain("SuccessfulCreate: create Pod db-1 in StatefulSet db successful");
  });

  it("goes no further while a Pod is not ready", async () => {
    await create(3);
    await cluster.clock.advance("1h");
    expect(await names()).toEqual(["db-0"]);
  });

  it("shrinks from the end, one at a time", async () => {
    await create(3);
    await cluster.converge();
    await patch({ replicas: 0 });
    const seen: string[] = [];
    await cluster.converge(async () => void seen.push((await names()).join(" ")));
    expect(seen).toEqual(["db-0 db-1 db-2", "db-0 db-1", "db-0", ""]);
  });

  it("shrinks no further while a Pod below one that is not ready is not ready either", async () => {
    await create(3);
    await cluster.converge();
    const setReady = async (ready: readonly string[]) => {
      for (const pod of await cluster.pods()) {
        const status = ready.includes(pod.metadata?.name ?? "") ? "True" : "False";
        await cluster.setPod(pod, { phase: "Running", conditions: [{ type: "Ready", status }] });
      }
    };
    await setReady([]);
    await patch({ replicas: 0 });
    await cluster.clock.advance("1h");
    expect((await cluster.pods()).map(({ metadata }) => metadata?.name)).toEqual(["db-0", "db-1", "db-2"]);
    // The lowest unwell one holds nobody up, itself included.
    await setReady(["db-0", "db-1"]);
    await cluster.clock.advance("1h");
    expect((await cluster.pods()).map(({ metadata }) => metadata?.name)).toEqual(["db-0", "db-1"]);
  });

  it("replaces a Pod that failed or was deleted under the same name", async () => {
    await create(2);
    await cluster.converge();
    const [first] = await cluster.pods();
    await cluster.setPod(first!, { phase: "Failed" });
    await cluster.client.resource(podKind).delete({ namespace: "default", name: "db-1" });
    await cluster.converge();
    expect(await names()).toEqual(["db-0", "db-1"]);
    expect((await cluster.pods()).map(({ status }) => status?.phase)).toEqual(["Running", "Running"]);
    expect((await cluster.events("StatefulSet")).some((text) => text.startsWith("RecreatingFailedPod"))).toBe(true);
  });

  it("writes nothing while nothing changes", async () => {
    await create(2);
    await cluster.converge();
    await cluster.settle();
    const before = cluster.api.writes.length;
    await cluster.clock.advance("1h");
    expect(cluster.api.writes.length).toBe(before);
  });
});

describe("a parallel set", () => {
  it("starts and ends all Pods at once", async () => {
    await create(3, { podManagementPolicy: "Parallel", ordinals: { start: 5 } });
    await cluster.settle();
    expect(await names()).toEqual(["db-5", "db-6", "db-7"]);
    await cluster.converge();
    await patch({ replicas: 0 });
    await cluster.settle();
    expect(await cluster.pods()).toEqual([]);
  });
});

describe("an update", () => {
  it("goes from the last Pod to the first, one at a time", async () => {
    await create(3);
    await cluster.converge();
    await setImage("db:2");
    const seen = new Set<string>();
    await cluster.converge(async () => {
      const all = await images();
      seen.add(["db-0", "db-1", "db-2"].map((name) => (all[name] ?? "-").slice(-1)).join(""));
    });
    expect([...seen].filter((state) => !state.includes("-"))).toEqual(["112", "122", "222"]);
    const { currentRevision, updateRevision } = (await get()).status ?? {};
    expect(currentRevision).toBe(updateRevision);
  });

  it("stops at the partition, and Pods below it come back old", async () => {
    await create(3, { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } });
    await cluster.converge();
    await setImage("db:2");
    await cluster.converge();
    expect(await images()).toEqual({ "db-0": "db:1", "db-1": "db:1", "db-2": "db:2" });
    await cluster.client.resource(podKind).delete({ namespace: "default", name: "db-0" });
    await cluster.converge();
    expect(await images()).toEqual({ "db-0": "db:1", "db-1": "db:1", "db-2": "db:2" });
    expect((await get()).status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
  });

  it("waits for a new Pod that does not become ready", async () => {
    await create(3);
    await cluster.converge();
    await setImage("broken:1");
    await cluster.settle();
    await cluster.runKubelets();
    await cluster.clock.advance("1h");
    expect(await images()).toEqual({ "db-0": "db:1", "db-1": "db:1", "db-2": "broken:1" });
  });

  it("with OnDelete waits until somebody deletes the old Pod", async () => {
    await create(2, { updateStrategy: { type: "OnDelete" } });
    await cluster.converge();
    await setImage("db:2");
    await cluster.converge();
    expect(await images()).toEqual({ "db-0": "db:1", "db-1": "db:1" });
    await cluster.client.resource(podKind).delete({ namespace: "default", name: "db-0" });
    await cluster.converge();
    expect(await images()).toEqual({ "db-0": "db:2", "db-1": "db:1" });
  });
});

describe("the storage of a set", () => {
  it("is one claim for each Pod, which stays when the Pod goes and comes back to it", async () => {
    await create(2, { volumeClaimTemplates: [claimTemplate] });
    await cluster.converge();
    expect(await claims()).toEqual(["data-db-0", "data-db-1"]);
    const pod = await cluster.client.resource(podKind).get({ namespace: "default", name: "db-1" });
    expect(pod.spec?.volumes).toContainEqual({ name: "data", persistentVolumeClaim: { claimName: "data-db-1" } });
    await patch({ replicas: 1 });
    await cluster.converge();
    expect(await claims()).toEqual(["data-db-0", "data-db-1"]);
    const before = (await cluster.list(persistentVolumeClaimKind)).map(({ metadata }) => metadata?.uid);
    await patch({ replicas: 2 });
    await cluster.converge();
    expect((await cluster.list(persistentVolumeClaimKind)).map(({ metadata }) => metadata?.uid)).toEqual(before);
  });

  it("belongs to the set, or to a Pod that is scaled away, when the policy says so", async () => {
    await create(2, {
      volumeClaimTemplates: [claimTemplate],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete", whenScaled: "Delete" },
    });
    await cluster.converge();
    const owners = async () =>
      Object.fromEntries(
        (await cluster.list(persistentVolumeClaimKind)).map(({ metadata }) => [metadata?.name, metadata?.ownerReferences?.[0]?.kind]),
      );
    expect(await owners()).toEqual({ "data-db-0": "StatefulSet", "data-db-1": "StatefulSet" });
    await patch({ replicas: 1 });
    await cluster.settle();
    expect(await owners()).toEqual({ "data-db-0": "StatefulSet", "data-db-1": "Pod" });
  });
});
