/** The long variant, several minutes: `npm run test:faces` in the repository. */
import { setTimeout as delay } from "node:timers/promises";
import { obstacle, TestCluster } from "@skiff/e2e/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildImages, imageObstacle } from "../images.ts";
import { UNKNOWN } from "../samples.ts";
import { Application } from "./application.ts";

const asked = process.env.FACES_LONG === "1" ? undefined : "takes several minutes; run it with npm run test:faces";
const why = asked ?? obstacle() ?? imageObstacle();
const MINUTES_MS = 60_000;

/** Posts samples one after the other until it is stopped; what the receiver does not take is tried again. */
class Flow {
  readonly #application: Application;
  readonly #ended: Promise<void>;
  #stopped = false;
  acknowledged = 0;
  refused = 0;

  constructor(application: Application) {
    this.#application = application;
    this.#ended = this.#post();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #post(): Promise<void> {
    for (let index = 0; !this.#stopped; index++) {
      const sample = UNKNOWN[index % UNKNOWN.length];
      try {
        await this.#application.post(`/unknown_people/${sample?.name}`);
        this.acknowledged++;
      } catch {
        this.refused++;
      }
      await delay(2000);
    }
  }
}

describe.skipIf(why !== undefined)(`face recognition while things break${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let application: Application;

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-chaos", ["--nodes", "3"], await buildImages());
    const kubectl = cluster.kubectl();
    await kubectl.ok("label nodes --all role=receiver");
    const [node] = (await cluster.status()).nodes;
    application = await Application.deploy(kubectl, "overlays/three-nodes", node?.address ?? "");
    // Every minute is often enough for users; a test does not wait so long for what is lost.
    await kubectl.ok("set env cronjob/redeemer FORGOTTEN_SECONDS=20 ABANDONED_SECONDS=60 RETRY_SECONDS=10");
  }, 10 * MINUTES_MS);
  afterAll(async () => {
    await cluster?.remove();
  });

  /** Every row has the answer of its picture, however often it was asked for. */
  async function expectRightAnswers(atLeast: number): Promise<void> {
    const expected = new Map(UNKNOWN.map(({ name, expected }) => [`/unknown_people/${name}`, expected]));
    const rows = await application.settled(6 * MINUTES_MS);
    expect(rows.length).toBeGreaterThanOrEqual(atLeast);
    expect(rows.filter(({ path, answer }) => answer !== expected.get(path))).toEqual([]);
  }

  it("answers every image while each Pod is killed in turn", { timeout: 20 * MINUTES_MS }, async () => {
    const { kubectl } = application;
    await kubectl.ok("scale deployment/nsqlookup --replicas=3");
    await application.ready();
    const flow = new Flow(application);
    const pods = (await kubectl.ok("get pods --field-selector=status.phase=Running -o jsonpath={.items[*].metadata.name}"))
      .trim()
      .split(" ");
    expect(pods.length).toBeGreaterThanOrEqual(19);
    for (const pod of pods.filter((name) => !name.startsWith("redeemer"))) {
      await kubectl.ok(`delete pod ${pod} --grace-period=0 --force`);
      await delay(1000);
      await application.ready();
    }
    await flow.stop();
    process.stderr.write(`acknowledged ${flow.acknowledged} images, refused ${flow.refused}, killed ${pods.length} Pods\n`);
    await expectRightAnswers(flow.acknowledged);
  });

  it("answers every image while a node is drained", { timeout: 15 * MINUTES_MS }, async () => {
    const { kubectl } = application;
    const before = (await application.rows()).length;
    // The database's volume is on one node; it is not that one which is drained.
    const home = await kubectl.ok("get pods -l app=mysql -o jsonpath={.items[0].spec.nodeName}");
    const node = (await cluster.status()).nodes.map(({ name }) => name).find((name) => name !== home);
    const flow = new Flow(application);
    await kubectl.ok(`drain ${node} --ignore-daemonsets --delete-emptydir-data --timeout=170s`, { timeoutMs: 180_000 });
    await application.ready();
    await kubectl.ok(`uncordon ${node}`);
    await flow.stop();
    expect(flow.refused).toBe(0);
    await expectRightAnswers(before + flow.acknowledged);
  });
});
