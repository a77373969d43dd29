import { afterEach, beforeEach, expect, it } from "vitest";
import { jobKind } from "@skiff/api";
import { podKind, TestCluster } from "../testing/test-cluster.ts";

const FINALIZER = "batch.kubernetes.io/job-tracking";
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["job-controller", "job-orphan-controller"]);
  await cluster.client.resource(jobKind).create({
    metadata: { name: "work", namespace: "default" },
    spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "work:1" }] } } },
  });
  await cluster.settle();
});
afterEach(() => cluster.stop());

const pods = () => cluster.list(podKind);
const tracked = async () => (await pods()).filter(({ metadata }) => metadata?.finalizers?.includes(FINALIZER));

it("lets go of a Pod that its Job has released, which can be deleted then", async () => {
  const [{ metadata } = {}] = await tracked();
  const ref = { namespace: "default", name: metadata?.name ?? "" };
  await cluster.client.resource(podKind).patch(ref, { metadata: { labels: null } });
  await cluster.settle();
  const released = await cluster.client.resource(podKind).get(ref);
  expect(released.metadata?.ownerReferences ?? []).toEqual([]);
  expect(released.metadata?.finalizers ?? []).toEqual([]);
  // The Job has another one in its place.
  expect(await tracked()).toHaveLength(1);
  expect(await pods()).toHaveLength(2);
});

it("lets go of the Pods that a Job leaves behind", async () => {
  const [{ metadata } = {}] = await tracked();
  const ref = { namespace: "default", name: metadata?.name ?? "" };
  await cluster.client.resource(jobKind).delete({ namespace: "default", name: "work" }, { propagationPolicy: "Orphan" });
  await cluster.settle();
  // The garbage collector's part.
  await cluster.client.resource(podKind).patch(ref, { metadata: { ownerReferences: null } }, { type: "merge" });
  await cluster.settle();
  expect((await cluster.client.resource(podKind).get(ref)).metadata?.finalizers ?? []).toEqual([]);
});

it("leaves a Pod alone that its Job is to adopt again", async () => {
  const [{ metadata } = {}] = await tracked();
  const ref = { namespace: "default", name: metadata?.name ?? "" };
  await cluster.client.resource(podKind).patch(ref, { metadata: { ownerReferences: null } });
  await cluster.settle();
  const adopted = await cluster.client.resource(podKind).get(ref);
  expect(adopted.metadata?.ownerReferences).toMatchObject([{ kind: "Job", name: "work", controller: true }]);
  expect(adopted.metadata?.finalizers).toEqual([FINALIZER]);
  expect(await pods()).toHaveLength(1);
});
