import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatTime } from "@skiff/base";
import { jobKind, type Job, type Pod } from "@skiff/api";
import { podKind, TestCluster } from "../testing/test-cluster.ts";
import { formatIndexes, parseIndexes } from "./indexes.ts";

let cluster: TestCluster;
const ref = { namespace: "default", name: "work" };

beforeEach(async () => {
  cluster = await TestCluster.start(["job-controller"]);
});
afterEach(() => cluster.stop());

const create = (spec: Partial<NonNullable<Job["spec"]>> = {}, restartPolicy = "Never") =>
  cluster.client.resource(jobKind).create({
    metadata: { name: "work", namespace: "default" },
    spec: { ...spec, template: { spec: { restartPolicy, containers: [{ name: "main", image: "work:1" }] } } },
  });
const get = () => cluster.client.resource(jobKind).get(ref);
const patch = (spec: object) => cluster.client.resource(jobKind).patch(ref, { spec });
const all = () => cluster.list(podKind);
const active = async () => (await cluster.pods()).filter(({ status }) => status?.phase === "Pending" || status?.phase === "Running");
const conditions = async () =>
  ((await get()).status?.conditions ?? []).filter(({ status }) => status === "True").map(({ type, reason }) => `${type} ${reason}`);

async function finish(pod: Pod | undefined, phase: "Succeeded" | "Failed", exitCode = phase === "Failed" ? 1 : 0): Promise<void> {
  const finishedAt = formatTime(cluster.clock.now());
  const state = { terminated: { exitCode, finishedAt } };
  const containerStatuses = [{ name: "main", image: "", imageID: "", ready: false, restartCount: 0, state }];
  await cluster.setPod(pod!, { phase, containerStatuses });
  await cluster.settle();
}

describe("a Job", () => {
  it("runs its Pods to completion, as many at a time as it may, and counts each once", async () => {
    await create({ completions: 3, parallelism: 2 });
    await cluster.settle();
    expect(await active()).toHaveLength(2);
    const [pod] = await active();
    expect(pod?.metadata?.finalizers).toEqual(["batch.kubernetes.io/job-tracking"]);
    expect(pod?.metadata?.labels).toMatchObject({ "batch.kubernetes.io/job-name": "work", "job-name": "work" });
    for (let done = 0; done < 3; done++) await finish((await active())[0], "Succeeded");
    expect((await get()).status).toMatchObject({ succeeded: 3, terminating: 0, ready: 0, uncountedTerminatedPods: {} });
    expect((await get()).status?.active).toBeUndefined();
    expect((await get()).status?.completionTime).toBeDefined();
    expect(await conditions()).toEqual(["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]);
    expect((await all()).flatMap(({ metadata }) => metadata?.finalizers ?? [])).toEqual([]);
    expect(await cluster.events("Job")).toContain("Completed: Job completed");
  });

  it("waits longer after each failure and gives up after its limit", async () => {
    await create({ backoffLimit: 2 });
    await cluster.settle();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const failedAt = cluster.clock.now();
      await finish((await active())[0], "Failed");
      if (attempt === 2) break;
      await cluster.clock.advanceUntil(async () => (await active()).length === 1);
      waits.push(Math.round((cluster.clock.now() - failedAt) / 1000));
    }
    expect(waits).toEqual([10, 20]);
    expect((await get()).status).toMatchObject({ failed: 3 });
    expect(await conditions()).toEqual(["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]);
    await cluster.clock.advance("2h");
    expect(await active()).toEqual([]);
  });

  it("ends at its deadline, and says so only when its Pods have ended", async () => {
    await create({ activeDeadlineSeconds: 60, parallelism: 2, completions: 2 });
    await cluster.settle();
    for (const pod of await active()) await cluster.bind(pod, "n");
    await cluster.runKubelets();
    await cluster.clock.advance("61s");
    expect(await conditions()).toEqual(["FailureTarget DeadlineExceeded"]);
    expect(await cluster.pods()).toEqual([]);
    await cluster.converge();
    expect(await conditions()).toContain("Failed DeadlineExceeded");
  });

  it("can be suspended and resumed, and its deadline starts anew", async () => {
    await create({ parallelism: 2, completions: 2 });
    await cluster.converge();
    await patch({ suspend: true });
    await cluster.converge();
    expect(await active()).toEqual([]);
    expect(await conditions()).toEqual(["Suspended JobSuspended"]);
    await cluster.clock.advance("1h");
    await patch({ suspend: false });
    await cluster.settle();
    expect(await active()).toHaveLength(2);
    expect((await get()).status?.startTime).toBe(formatTime(cluster.clock.now() - 1000));
  });

  it("without completions is done when one Pod succeeded and the others have ended", async () => {
    await create({ parallelism: 3 });
    await patch({ completions: null }).catch(() => {});
    await cluster.settle();
    const [first, second, third] = await active();
    await finish(first, "Succeeded");
    expect(await active()).toHaveLength(2);
    await finish(second, "Succeeded");
    await finish(third, "Succeeded");
    expect(await conditions()).toContain("Complete CompletionsReached");
  });

  it("writes nothing while its Pods run", async () => {
    await create({ parallelism: 2, completions: 2 });
    await cluster.converge();
    await cluster.settle();
    const before = cluster.api.writes.length;
    await cluster.clock.advance("1h");
    expect(cluster.api.writes.length).toBe(before);
  });
});

describe("an indexed Job", () => {
  it("runs each index, and again the one that failed", async () => {
    await create({ completions: 4, parallelism: 4, completionMode: "Indexed" });
    await cluster.settle();
    const byIndex = async (index: number) =>
      (await active()).find(({ metadata }) => metadata?.annotations?.["batch.kubernetes.io/job-completion-index"] === String(index));
    const second = await byIndex(1);
    expect(second?.metadata?.name).toMatch(/^work-1-[a-z0-9]{5}$/);
    expect(second?.spec?.hostname).toBe("work-1");
    expect(second?.spec?.containers[0]?.env?.[0]).toMatchObject({ name: "JOB_COMPLETION_INDEX" });
    for (const index of [0, 2, 3]) await finish(await byIndex(index), "Succeeded");
    expect((await get()).status?.completedIndexes).toBe("0,2,3");
    await finish(second, "Failed");
    await cluster.clock.advance("11s");
    await finish(await byIndex(1), "Succeeded");
    expect((await get()).status).toMatchObject({ completedIndexes: "0-3", succeeded: 4, failed: 1 });
    expect(await conditions()).toContain("Complete CompletionsReached");
  });

  it("gives up on an index by itself when it has a limit for each", async () => {
    await create({ completions: 2, parallelism: 2, completionMode: "Indexed", backoffLimitPerIndex: 1 });
    await cluster.settle();
    for (let round = 0; round < 2; round++) {
      for (const pod of await active()) {
        const index = pod.metadata?.annotations?.["batch.kubernetes.io/job-completion-index"];
        await finish(pod, index === "0" ? "Succeeded" : "Failed");
      }
      await cluster.clock.advance("1m");
    }
    expect((await get()).status).toMatchObject({ completedIndexes: "0", failedIndexes: "1", failed: 2 });
    expect(await conditions()).toContain("Failed FailedIndexes");
  });
});

describe("a Pod failure policy", () => {
  const policy = {
    rules: [
      { action: "FailJob", onExitCodes: { operator: "In", values: [42] } },
      { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
    ],
  };

  it("fails the Job at once for some exit codes", async () => {
    await create({ backoffLimit: 6, podFailurePolicy: policy });
    await cluster.settle();
    const [pod] = await active();
    await finish(pod, "Failed", 42);
    const failed = (await get()).status?.conditions?.find(({ type }) => type === "Failed");
    expect(failed).toMatchObject({
      reason: "PodFailurePolicy",
      message: `Container main for pod default/${pod?.metadata?.name} failed with exit code 42 matching FailJob rule at index 0`,
    });
  });

  it("does not count what it is told to ignore", async () => {
    await create({ backoffLimit: 0, podFailurePolicy: policy });
    await cluster.settle();
    const [pod] = await active();
    await cluster.setPod(pod!, { conditions: [{ type: "DisruptionTarget", status: "True" }] });
    await finish(pod, "Failed", 1);
    await cluster.clock.advance("1m");
    expect(await active()).toHaveLength(1);
    expect((await get()).status?.failed).toBeUndefined();
  });
});

it("lets Pods go whose Job is gone", async () => {
  await create();
  await cluster.settle();
  await cluster.client.resource(jobKind).delete(ref);
  for (const pod of await all()) await cluster.client.resource(podKind).delete({ ...ref, name: pod.metadata?.name ?? "" });
  await cluster.settle();
  expect(await all()).toEqual([]);
});

it.each([
  ["", []],
  ["0", [0]],
  ["1,3-5,7", [1, 3, 4, 5, 7]],
  ["0,1", [0, 1]],
])("writes the indexes %j", (text, indexes) => {
  expect(formatIndexes(new Set(indexes))).toBe(text);
  expect([...parseIndexes(text, 100)]).toEqual(indexes);
  expect([...parseIndexes(text, 4)]).toEqual(indexes.filter((index) => index < 4));
});
