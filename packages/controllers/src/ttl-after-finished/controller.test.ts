import { afterEach, beforeEach, expect, it } from "vitest";
import { jobKind } from "@skiff/api";
import { podKind, template, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["ttl-after-finished-controller", "job-controller", "generic-garbage-collector"]);
});
afterEach(() => cluster.stop());

const run = async (name: string, phase: "Succeeded" | "Failed", ttlSecondsAfterFinished?: number): Promise<void> => {
  const spec = { ...template(name).spec!, restartPolicy: "Never" };
  await cluster.client
    .resource(jobKind)
    .create({ metadata: { name, namespace: "default" }, spec: { backoffLimit: 0, ttlSecondsAfterFinished, template: { spec } } });
  await cluster.converge();
  const pod = (await cluster.pods()).find(({ metadata }) => metadata?.labels?.["job-name"] === name);
  await cluster.setPod(pod!, { phase });
};
const names = async () => (await cluster.list(jobKind)).map(({ metadata }) => metadata?.name);

it.each(["Succeeded", "Failed"] as const)("deletes a Job that has %s, with its Pods, when its time is over", async (phase) => {
  await run("short", phase, 60);
  await run("for-ever", phase);
  await cluster.clock.advance("50s");
  expect(await names()).toEqual(["for-ever", "short"]);
  await cluster.clock.advance("30s");
  await cluster.converge();
  expect(await names()).toEqual(["for-ever"]);
  expect((await cluster.list(podKind)).map(({ metadata }) => metadata?.labels?.["job-name"])).toEqual(["for-ever"]);
});

it("waits for as long as the Job says now, not as it said when it ended", async () => {
  await run("work", "Succeeded", 60);
  await cluster.clock.advance("30s");
  await cluster.client.resource(jobKind).patch({ namespace: "default", name: "work" }, { spec: { ttlSecondsAfterFinished: 3600 } });
  await cluster.clock.advance("10m");
  expect(await names()).toEqual(["work"]);
  await cluster.client.resource(jobKind).patch({ namespace: "default", name: "work" }, { spec: { ttlSecondsAfterFinished: 0 } });
  await cluster.converge();
  expect(await names()).toEqual([]);
});
