import { afterEach, beforeEach, expect, it } from "vitest";
import { configMapKind, deploymentKind, jobKind, podKind, resourceQuotaKind, serviceKind, type ResourceQuotaSpec } from "@skiff/api";
import { deployment, template, TestCluster } from "../testing/test-cluster.ts";
import { countedKind } from "./quota-kinds.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["resourcequota-controller"]);
});
afterEach(() => cluster.stop());

const ref = { namespace: "default", name: "small" };
const limit = (spec: ResourceQuotaSpec) => cluster.client.resource(resourceQuotaKind).create({ metadata: ref, spec });
const status = async () => (await cluster.client.resource(resourceQuotaKind).get(ref)).status;
const pod = (name: string, requests?: Record<string, string>) =>
  cluster.client.resource(podKind).create({
    metadata: { name, namespace: "default" },
    spec: { ...template("web").spec!, containers: [{ name: "web", image: "web:1", resources: { requests } }] },
  });

it.each([
  ["pods", "pods"],
  ["requests.nvidia.com/gpu", "pods"],
  ["limits.memory", "pods"],
  ["hugepages-2Mi", "pods"],
  ["services.nodeports", "services"],
  ["requests.storage", "persistentvolumeclaims"],
  ["fast.storageclass.storage.k8s.io/requests.storage", "persistentvolumeclaims"],
  ["count/secrets", "secrets"],
])("knows what %s is used by", (name, plural) => {
  expect(countedKind(name)).toEqual({ group: "", plural });
});

it("counts what was there before the quota, of all kinds that it names, and nothing for names that it does not know", async () => {
  await pod("a", { cpu: "300m", memory: "1Gi" });
  await pod("b", { cpu: "1", memory: "512Mi" });
  await cluster.client.resource(configMapKind).create({ metadata: { name: "c", namespace: "default" } });
  await cluster.client.resource(deploymentKind).create(deployment("web", 2));
  await cluster.client
    .resource(serviceKind)
    .create({ metadata: { name: "s", namespace: "default" }, spec: { ports: [{ port: 80 }], selector: { app: "web" } } });
  const hard = {
    pods: "10",
    cpu: "4",
    "requests.memory": "4Gi",
    "limits.cpu": "8",
    services: "5",
    "services.nodeports": "0",
    configmaps: "10",
    "count/deployments.apps": "3",
    "count/widgets.example.com": "3",
  };
  await limit({ hard });
  await cluster.clock.advance("5s");
  expect(await status()).toEqual({
    hard,
    used: {
      pods: "2",
      cpu: "1300m",
      "requests.memory": "1536Mi",
      "limits.cpu": "0",
      services: "1",
      "services.nodeports": "0",
      configmaps: "1",
      "count/deployments.apps": "1",
    },
  });
  const writes = cluster.api.writes.length;
  await cluster.clock.advance("1h");
  expect(cluster.api.writes.length).toBe(writes);
});

it("counts again when something ends or is deleted, and when the quota changes", async () => {
  const job = { metadata: { name: "work", namespace: "default" }, spec: { template: template("work") } };
  await cluster.client.resource(jobKind).create({
    ...job,
    spec: { template: { ...job.spec.template, spec: { ...job.spec.template.spec!, restartPolicy: "Never" } } },
  });
  const first = await pod("a", { cpu: "1" });
  await pod("b", { cpu: "2" });
  await pod("c", { cpu: "4" });
  await limit({ hard: { "requests.cpu": "9", "count/pods": "9", "count/jobs.batch": "9" } });
  await cluster.clock.advance("5s");
  expect((await status())?.used).toEqual({ "requests.cpu": "7", "count/pods": "3", "count/jobs.batch": "1" });
  await cluster.setPod(first, { phase: "Succeeded" });
  await cluster.settle();
  expect((await status())?.used).toEqual({ "requests.cpu": "6", "count/pods": "3", "count/jobs.batch": "1" });
  await cluster.client.resource(podKind).delete({ namespace: "default", name: "b" }, { gracePeriodSeconds: 0 });
  await cluster.client.resource(jobKind).delete({ namespace: "default", name: "work" }, { propagationPolicy: "Background" });
  await cluster.settle();
  expect((await status())?.used).toEqual({ "requests.cpu": "4", "count/pods": "2", "count/jobs.batch": "0" });
  await cluster.client.resource(resourceQuotaKind).patch(ref, { spec: { hard: { "requests.cpu": null, "count/pods": "1" } } });
  await cluster.settle();
  expect(await status()).toEqual({
    hard: { "count/pods": "1", "count/jobs.batch": "9" },
    used: { "count/pods": "2", "count/jobs.batch": "0" },
  });
});

it("counts only what is in the scope of the quota", async () => {
  await pod("modest");
  await pod("greedy", { cpu: "1" });
  await limit({ hard: { pods: "9" }, scopes: ["BestEffort"] });
  await cluster.settle();
  expect((await status())?.used).toEqual({ pods: "1" });
});
