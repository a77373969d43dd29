import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatTime } from "@skiff/base";
import { cronJobKind, jobKind, type CronJob, type Job } from "@skiff/api";
import { TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;
const ref = { namespace: "default", name: "report" };

beforeEach(async () => {
  cluster = await TestCluster.start(["cronjob-controller"]);
});
afterEach(() => cluster.stop());

const create = (spec: Partial<NonNullable<CronJob["spec"]>> = {}) =>
  cluster.client.resource(cronJobKind).create({
    metadata: { name: "report", namespace: "default" },
    spec: {
      schedule: "*/10 * * * *",
      ...spec,
      jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "report:1" }] } } } },
    },
  });
const get = () => cluster.client.resource(cronJobKind).get(ref);
const jobs = () => cluster.list(jobKind);
const scheduled = async () =>
  (await jobs()).map(({ metadata }) => metadata?.annotations?.["batch.kubernetes.io/cronjob-scheduled-timestamp"]?.slice(11, 16));

async function end(job: Job | undefined, type: "Complete" | "Failed" = "Complete"): Promise<void> {
  const now = formatTime(cluster.clock.now());
  const interim = type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
  const conditions = [interim, type].map((one) => ({ type: one, status: "True", lastProbeTime: now, lastTransitionTime: now }));
  const startTime = job?.status?.startTime ?? now;
  const status = { conditions, startTime, ...(type === "Complete" ? { completionTime: now, succeeded: 1 } : {}) };
  await cluster.client.resource(jobKind).patch({ ...ref, name: job?.metadata?.name ?? "" }, { status }, { subresource: "status" });
  await cluster.settle();
}

describe("the schedule", () => {
  it("starts a Job each time, named after the time", async () => {
    await create();
    await cluster.clock.advance("25m");
    expect(await scheduled()).toEqual(["00:10", "00:20"]);
    const [first] = await jobs();
    expect(first?.metadata?.name).toBe(`report-${Date.UTC(2026, 0, 1, 0, 10) / 60_000}`);
    expect(first?.metadata?.ownerReferences?.[0]).toMatchObject({ kind: "CronJob", name: "report", controller: true });
    expect((await get()).status).toMatchObject({ lastScheduleTime: "2026-01-01T00:20:00Z" });
    expect((await get()).status?.active).toHaveLength(2);
    expect(await cluster.events("CronJob")).toContain(`SuccessfulCreate: Created job ${first?.metadata?.name}`);
  });

  it("is meant in its time zone", async () => {
    await create({ schedule: "30 9 * * *", timeZone: "Asia/Kolkata" });
    await cluster.clock.advance("5h");
    expect(await scheduled()).toEqual(["04:00"]);
  });

  it("rests while it is suspended, and makes up for one missed start at most", async () => {
    await create({ suspend: true });
    await cluster.clock.advance("1h");
    expect(await jobs()).toEqual([]);
    await cluster.client.resource(cronJobKind).patch(ref, { spec: { suspend: false } });
    await cluster.settle();
    expect(await scheduled()).toEqual(["01:00"]);
  });

  it("does not make up for starts beyond its deadline", async () => {
    await create({ suspend: true, startingDeadlineSeconds: 60 });
    await cluster.clock.advance("65m");
    await cluster.client.resource(cronJobKind).patch(ref, { spec: { suspend: false } });
    await cluster.settle();
    expect(await jobs()).toEqual([]);
    await cluster.clock.advance("10m");
    expect(await scheduled()).toEqual(["01:10"]);
  });

  it("does not burst after ten days away", async () => {
    await create({ schedule: "* * * * *", suspend: true });
    await cluster.clock.advance("240h");
    await cluster.client.resource(cronJobKind).patch(ref, { spec: { suspend: false } });
    await cluster.settle();
    expect(await jobs()).toHaveLength(1);
    expect((await cluster.events("CronJob")).some((text) => text.startsWith("TooManyMissedTimes"))).toBe(true);
  });
});

describe("concurrency", () => {
  it("Forbid skips a start while the last one runs, and catches up when it ends", async () => {
    await create({ concurrencyPolicy: "Forbid" });
    await cluster.clock.advance("25m");
    expect(await scheduled()).toEqual(["00:10"]);
    await end((await jobs())[0]);
    expect(await scheduled()).toEqual(["00:10", "00:20"]);
  });

  it("Replace ends the last one", async () => {
    await create({ concurrencyPolicy: "Replace" });
    await cluster.clock.advance("25m");
    expect(await scheduled()).toEqual(["00:20"]);
    expect((await get()).status?.active).toHaveLength(1);
  });
});

describe("the history", () => {
  it("keeps as many ended Jobs of each sort as it may, the newest", async () => {
    await create({ successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 });
    for (let round = 1; round <= 6; round++) {
      await cluster.clock.advance("10m");
      await end((await jobs()).at(-1), round % 2 === 0 ? "Failed" : "Complete");
    }
    expect(await scheduled()).toEqual(["00:30", "00:50", "01:00"]);
    expect((await get()).status?.active ?? []).toEqual([]);
    expect((await get()).status?.lastSuccessfulTime).toBeDefined();
  });
});
