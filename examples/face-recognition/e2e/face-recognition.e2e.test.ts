import { eventually, HttpLoad, obstacle, TestCluster } from "@skiff/e2e/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildImages, imageObstacle } from "../images.ts";
import { UNKNOWN } from "../samples.ts";
import { Application } from "./application.ts";

const why = obstacle() ?? imageObstacle();
const MINUTES_MS = 60_000;

describe.skipIf(why !== undefined)(`face recognition on a cluster${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let application: Application;

  const samples = (ids: readonly number[]): Map<number, string> =>
    new Map(ids.map((id, index) => [id, UNKNOWN[index % UNKNOWN.length]?.expected ?? ""]));
  const paths = UNKNOWN.map(({ name }) => `/unknown_people/${name}`);

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-faces", [], await buildImages());
    application = await Application.deploy(cluster.kubectl(), "overlays/single-node", "127.0.0.1");
  }, 8 * MINUTES_MS);
  afterAll(async () => {
    await cluster?.remove();
  });

  async function expectAnswers(expected: ReadonlyMap<number, string>): Promise<void> {
    const rows = await application.settled(2 * MINUTES_MS);
    const answers = new Map(rows.filter(({ id }) => expected.has(id)).map(({ id, answer }) => [id, answer]));
    expect(answers).toEqual(expected);
  }

  it("identifies images that are posted singly and in bulk, and shows them", { timeout: 3 * MINUTES_MS }, async () => {
    const singly = [];
    for (const path of paths.slice(0, 2)) singly.push(await application.post(path));
    const expected = new Map([...samples(singly), ...samples(await application.postAll(paths))]);
    await expectAnswers(expected);
    // Asked once each.
    expect(new Set((await application.rows()).map(({ attempts }) => attempts))).toEqual(new Set([1]));
    const page = await (await fetch(application.page)).text();
    expect(page).toContain(`<tr id="image-${singly[0]}" data-status="processed" data-person="Hannibal">`);
    expect((await fetch(`${application.page}/thumbnails/${singly[0]}`)).headers.get("content-type")).toBe("image/jpeg");
  });

  it("stops calling when recognition is away, and loses nothing", { timeout: 4 * MINUTES_MS }, async () => {
    const { kubectl } = application;
    await kubectl.ok("scale deployment/face-recog --replicas=0");
    await kubectl.ok("wait --for=delete pod -l app=face-recog --timeout=60s");
    const ids = [...(await application.postAll(paths)), ...(await application.postAll(paths))];
    await eventually(
      "the breaker opens",
      async () => (await application.metric("app=image-processor", "face_breaker_state")) > 0,
      MINUTES_MS,
    );
    const rows = await application.rows();
    expect(rows.filter(({ id, status }) => ids.includes(id) && status === "processed")).toEqual([]);
    await kubectl.ok("scale deployment/face-recog --replicas=1");
    await expectAnswers(samples(ids));
    expect(await application.metric("app=image-processor", "face_breaker_state")).toBe(0);
    expect(await kubectl.ok("logs deployment/image-processor-deployment")).toMatch(/circuit breaker is open[^]*circuit breaker is closed/);
  });

  it("updates the receiver from v1.0 to v1.1 and back under load, without a failed request", { timeout: 4 * MINUTES_MS }, async () => {
    const { kubectl } = application;
    const roll = async (command: string): Promise<void> => {
      await kubectl.ok(command);
      await kubectl.ok("rollout status deployment/receiver-deployment --timeout=80s");
    };
    const bulk = async (): Promise<number> =>
      (await fetch(`${application.receiver}/images/post`, { method: "POST", body: '{"paths":[]}' })).status;
    await roll("set image deployment/receiver-deployment receiver=skarlso/kube-receiver-alpine:v1.0");
    await eventually("the old Pods are gone", async () => (await bulk()) === 404);
    // There is no such file, which recognition says at once: the load is the receiver's.
    const load = new HttpLoad(`${application.receiver}/image/post`, { body: '{"path":"load.jpg"}', workers: 2, pauseMs: 100 });
    await roll("set image deployment/receiver-deployment receiver=skarlso/kube-receiver-alpine:v1.1");
    await eventually("the bulk route", async () => (await bulk()) === 200);
    await roll("rollout undo deployment/receiver-deployment");
    await eventually("no bulk route", async () => (await bulk()) === 404);
    const { answered, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(50);
    const rows = (await application.settled(2 * MINUTES_MS)).filter(({ path }) => path === "load.jpg");
    expect(rows).toHaveLength(answered);
    expect(new Set(rows.map(({ answer }) => answer))).toEqual(new Set(["missing-image"]));
  });
});
