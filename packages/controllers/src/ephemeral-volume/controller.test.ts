import { afterEach, beforeEach, expect, it } from "vitest";
import { persistentVolumeClaimKind, type Pod } from "@skiff/api";
import { podKind, template, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["ephemeral-volume-controller", "generic-garbage-collector"]);
});
afterEach(() => cluster.stop());

const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
const claims = () => cluster.list(persistentVolumeClaimKind);
const pod = (): Promise<Pod> =>
  cluster.client.resource(podKind).create({
    metadata: { name: "web", namespace: "default" },
    spec: {
      ...template("web").spec!,
      volumes: [{ name: "scratch", ephemeral: { volumeClaimTemplate: { metadata: { labels: { kind: "scratch" } }, spec } } }],
    },
  });

it("gives the Pod a claim of its own, which goes with it", async () => {
  const { metadata } = await pod();
  await cluster.settle();
  const [claim] = await claims();
  expect(claim?.metadata).toMatchObject({
    name: "web-scratch",
    labels: { kind: "scratch" },
    ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "web", uid: metadata?.uid, controller: true, blockOwnerDeletion: true }],
  });
  expect(claim?.spec).toMatchObject(spec);
  await cluster.client.resource(podKind).delete({ namespace: "default", name: "web" }, { gracePeriodSeconds: 0 });
  await cluster.clock.advance("10s");
  expect(await claims()).toEqual([]);
});

it("never takes a claim that somebody else has made, and makes its own when that is gone", async () => {
  const strange = { namespace: "default", name: "web-scratch" };
  await cluster.client.resource(persistentVolumeClaimKind).create({ metadata: strange, spec });
  await pod();
  await cluster.settle();
  expect(await cluster.events("Pod")).toContain(
    "FailedBinding: ephemeral volume: PVC default/web-scratch was not created for pod default/web (pod is not owner)",
  );
  await cluster.client.resource(persistentVolumeClaimKind).delete(strange);
  await cluster.clock.advance("5m");
  expect((await claims()).map((claim) => claim.metadata?.ownerReferences?.[0]?.name)).toEqual(["web"]);
});
