import { afterEach, beforeEach, expect, it } from "vitest";
import {
  isStatus,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  volumeAttributesClassKind,
  type KubeObject,
  type Pod,
  type Resource,
} from "@skiff/api";
import { podKind, template, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start([
    "persistentvolume-controller",
    "persistentvolumeclaim-protection-controller",
    "persistentvolume-protection-controller",
    "volumeattributesclass-protection-controller",
  ]);
});
afterEach(() => cluster.stop());

const data = { namespace: "default", name: "data" };
const claims = () => cluster.client.resource(persistentVolumeClaimKind);
const claim = (volumeAttributesClassName?: string) =>
  claims().create({
    metadata: data,
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, volumeAttributesClassName },
  });
const pod = (name: string): Promise<Pod> =>
  cluster.client.resource(podKind).create({
    metadata: { name, namespace: "default" },
    spec: { ...template("web").spec!, volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] },
  });
const exists = <T extends KubeObject>(resource: Resource<T>, ref: { namespace?: string; name: string }): Promise<boolean> =>
  cluster.client
    .resource(resource)
    .get(ref)
    .then(
      () => true,
      (error: unknown) => !isStatus(error, "NotFound"),
    );

it("keeps a claim until the last Pod that has a node and uses it is gone, even one that has ended", async () => {
  await claim();
  await pod("waiting");
  const running = await pod("running");
  await cluster.bind(running, "n1");
  await cluster.settle();
  expect((await claims().get(data)).metadata?.finalizers).toEqual(["kubernetes.io/pvc-protection"]);
  await claims().delete(data);
  await cluster.settle();
  expect((await claims().get(data)).metadata?.deletionTimestamp).toBeDefined();
  await cluster.setPod(running, { phase: "Succeeded" });
  await cluster.settle();
  expect(await exists(persistentVolumeClaimKind, data)).toBe(true);
  await cluster.client.resource(podKind).delete({ namespace: "default", name: "running" }, { gracePeriodSeconds: 0 });
  await cluster.settle();
  expect(await exists(persistentVolumeClaimKind, data)).toBe(false);
});

it("asks the server before it lets a claim go, because a Pod may be too new for the cache", async () => {
  await claim();
  await cluster.settle();
  cluster.api.intercept = ({ path, query }) => {
    if (query?.watch && path === "/api/v1/pods") throw new Error("the network is down");
  };
  cluster.api.endWatches(new Error("the network is down"));
  await cluster.bind(await pod("new"), "n1");
  await claims().delete(data);
  await cluster.settle();
  expect(await exists(persistentVolumeClaimKind, data)).toBe(true);
});

it("keeps a volume while it is bound", async () => {
  await cluster.client.resource(persistentVolumeKind).create({
    metadata: { name: "v" },
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/srv/v" } },
  });
  await claim();
  await cluster.settle();
  await cluster.client.resource(persistentVolumeKind).delete({ name: "v" });
  await cluster.settle();
  expect(await exists(persistentVolumeKind, { name: "v" })).toBe(true);
  await claims().delete(data);
  await cluster.settle();
  expect(await exists(persistentVolumeKind, { name: "v" })).toBe(false);
});

it("keeps a VolumeAttributesClass while a claim names it", async () => {
  const classes = cluster.client.resource(volumeAttributesClassKind);
  await classes.create({ metadata: { name: "gold" }, driverName: "disk.example.com", parameters: { iops: "1000" } });
  await claim("gold");
  await cluster.settle();
  await classes.delete({ name: "gold" });
  await cluster.settle();
  expect(await exists(volumeAttributesClassKind, { name: "gold" })).toBe(true);
  await claims().delete(data);
  await cluster.settle();
  expect(await exists(volumeAttributesClassKind, { name: "gold" })).toBe(false);
});
