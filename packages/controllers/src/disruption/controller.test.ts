import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { podDisruptionBudgetKind, type IntOrString, type Pod, type PodDisruptionBudgetSpec } from "@skiff/api";
import { deployment, deploymentKind, podKind, template, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["disruption-controller", "deployment-controller", "replicaset-controller"]);
});
afterEach(() => cluster.stop());

const ref = { namespace: "default", name: "web" };
const protect = (spec: PodDisruptionBudgetSpec) =>
  cluster.client.resource(podDisruptionBudgetKind).create({ metadata: ref, spec: { selector: { matchLabels: { app: "web" } }, ...spec } });
const status = async () => (await cluster.client.resource(podDisruptionBudgetKind).get(ref)).status;
const evict = (pod: Pod) => {
  const { namespace, name = "" } = pod.metadata ?? {};
  return cluster.client.resource(podKind).createSubresource({ namespace, name }, "eviction", { metadata: { namespace, name } });
};

describe("the status", () => {
  it.each<[string, { minAvailable?: IntOrString; maxUnavailable?: IntOrString }, number, number]>([
    ["a number that must be available", { minAvailable: 2 }, 2, 3],
    ["a share that must be available, rounded up", { minAvailable: "50%" }, 3, 2],
    ["a number that may be unavailable", { maxUnavailable: 1 }, 4, 1],
    ["a share that may be unavailable, rounded up", { maxUnavailable: "30%" }, 3, 2],
    ["more than there is", { maxUnavailable: 9 }, 0, 5],
    ["all of them", { minAvailable: "100%" }, 5, 0],
  ])("says how many of five Pods may go: %s", async (_what, spec, desiredHealthy, disruptionsAllowed) => {
    await cluster.client.resource(deploymentKind).create(deployment("web", 5));
    await cluster.converge();
    await protect(spec);
    await cluster.settle();
    expect(await status()).toEqual({
      expectedPods: 5,
      currentHealthy: 5,
      desiredHealthy,
      disruptionsAllowed,
      observedGeneration: 1,
      conditions: [
        expect.objectContaining({
          type: "DisruptionAllowed",
          status: disruptionsAllowed > 0 ? "True" : "False",
          reason: disruptionsAllowed > 0 ? "SufficientPods" : "InsufficientPods",
          observedGeneration: 1,
        }),
      ],
    });
    const writes = cluster.api.writes.length;
    await cluster.clock.advance("1h");
    expect(cluster.api.writes.length).toBe(writes);
  });

  it("counts what the Deployment wants, not what its old and new ReplicaSets add up to", async () => {
    await cluster.client.resource(deploymentKind).create(deployment("web", 4));
    await cluster.converge();
    await protect({ maxUnavailable: 1 });
    await cluster.client
      .resource(deploymentKind)
      .patch(ref, { spec: { template: { spec: { containers: [{ name: "web", image: "web:2" }] } } } });
    await cluster.settle();
    expect((await cluster.pods()).length).toBeGreaterThan(4);
    expect(await status()).toMatchObject({ expectedPods: 4, desiredHealthy: 3 });
  });

  it("allows nothing while the number of wanted Pods cannot be known", async () => {
    const ownerReferences = [{ apiVersion: "batch/v1", kind: "Job", name: "web", uid: "1", controller: true }];
    await cluster.client.resource(podKind).create({ ...template("web"), metadata: { ...ref, labels: { app: "web" }, ownerReferences } });
    await cluster.converge();
    await protect({ maxUnavailable: 1 });
    await cluster.settle();
    expect(await status()).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ status: "False", reason: "SyncFailed", message: "jobs.batch does not implement the scale subresource" }],
    });
  });
});

describe("evictions", () => {
  it("use the budget up, and what is replaced gives it back", async () => {
    await cluster.client.resource(deploymentKind).create(deployment("web", 3));
    await cluster.converge();
    await protect({ maxUnavailable: 1 });
    await cluster.settle();
    const [first, second] = await cluster.pods();
    await evict(first!);
    await expect(evict(second!)).rejects.toMatchObject({ status: { reason: "TooManyRequests" } });
    await cluster.settle();
    expect(await status()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 0 });
    await cluster.converge();
    expect(await status()).toMatchObject({ currentHealthy: 3, disruptionsAllowed: 1 });
    expect((await status())?.disruptedPods).toBeUndefined();
    await evict(second!);
  });

  it("that never happen are forgotten after two minutes", async () => {
    await cluster.client.resource(deploymentKind).create(deployment("web", 2));
    await cluster.converge();
    await protect({ maxUnavailable: 1 });
    await cluster.settle();
    const [pod] = await cluster.pods();
    const name = pod?.metadata?.name ?? "";
    const since = new Date(cluster.clock.now()).toISOString().replace(/\.\d+/, "");
    await cluster.client
      .resource(podDisruptionBudgetKind)
      .patch(ref, { status: { disruptedPods: { [name]: since }, disruptionsAllowed: 0 } }, { subresource: "status" });
    await cluster.clock.advance("100s");
    expect(await status()).toMatchObject({ currentHealthy: 1, disruptionsAllowed: 0, disruptedPods: { [name]: since } });
    await cluster.clock.advance("25s");
    expect(await status()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
    expect((await status())?.disruptedPods).toBeUndefined();
    expect(await cluster.events("Pod")).toContain("NotDeleted: Pod was expected by PDB default/web to be deleted but it wasn't");
  });
});
