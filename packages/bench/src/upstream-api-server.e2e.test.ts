import { deploymentKind, nodeKind, podKind, replicaSetKind, type Deployment, type Pod } from "@skiff/api";
import { silentLogger, systemClock, systemRandom, type Host } from "@skiff/base";
import { InformerFactory, type Client } from "@skiff/client";
import { SimulatedNodes } from "@skiff/cluster";
import { startControllers } from "@skiff/controllers";
import { eventually } from "@skiff/e2e";
import { createScheduler } from "@skiff/scheduler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UpstreamCluster, upstreamObstacle } from "./upstream-cluster.ts";

const why = upstreamObstacle();
const TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 120_000;

const web: Deployment = {
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image: "example.com/web:1" }] } },
  },
};

/** Everything that speaks the Kubernetes API and nothing else must work with any server of it. */
describe.skipIf(why !== undefined)(`Skiff's control loops on upstream's API server${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  const host: Host = { clock: systemClock, random: systemRandom, log: silentLogger };
  const ends: (() => Promise<void>)[] = [];
  let client: Client;

  const pods = async (): Promise<readonly Pod[]> =>
    (await client.resource(podKind).list({ namespace: "default", labelSelector: "app=web" })).items;

  beforeAll(async () => {
    const upstream = await UpstreamCluster.start({ host });
    ends.push(() => upstream.stop());
    client = upstream.client();
    const informers = new InformerFactory(client, host);
    const controllers = startControllers({
      host,
      informers,
      clientFor: () => client,
      rootCa: upstream.pki.authority.certificatePem,
      nodeIpam: { clusterCidrs: ["10.244.0.0/16"] },
    });
    const scheduler = createScheduler({ host, client, informers });
    scheduler.start();
    const nodes = new SimulatedNodes({
      host,
      client,
      informers,
      names: ["node-1", "node-2"],
      clusterDns: "10.0.0.10",
      clusterDomain: "cluster.local",
    });
    // What was started last ends first.
    ends.unshift(
      () => nodes.stop(),
      () => scheduler.stop(),
      () => controllers.stop(),
      () => informers.stop(),
    );
    await controllers.started;
    await nodes.start();
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    for (const end of ends) await end();
  });

  it("register nodes that become Ready, with ranges for their Pods", { timeout: TIMEOUT_MS }, async () => {
    const ready = await eventually("Ready nodes", async () => {
      const { items } = await client.resource(nodeKind).list();
      const found = items.filter(({ status }) => status?.conditions?.some((each) => each.type === "Ready" && each.status === "True"));
      return found.length === 2 && found;
    });
    expect(new Set(ready.map(({ spec }) => spec?.podCIDR)).size).toBe(2);
  });

  it("bring a Deployment to Ready Pods on every node", { timeout: TIMEOUT_MS }, async () => {
    await client.resource(deploymentKind).create(web);
    await eventually("a complete Deployment", async () => {
      const { status } = await client.resource(deploymentKind).get({ namespace: "default", name: "web" });
      return status?.readyReplicas === 4 && status.conditions?.some(({ reason }) => reason === "NewReplicaSetAvailable");
    });
    const found = await pods();
    expect(found.map(({ status }) => status?.phase)).toEqual(["Running", "Running", "Running", "Running"]);
    expect(new Set(found.map(({ spec }) => spec?.nodeName)).size).toBe(2);
  });

  it("replace its Pods when the template changes, and remove them all with it", { timeout: TIMEOUT_MS }, async () => {
    const before = new Set((await pods()).map(({ metadata }) => metadata?.uid));
    const template = { spec: { containers: [{ name: "main", image: "example.com/web:2" }] } };
    const ref = { namespace: "default", name: "web" };
    await client.resource(deploymentKind).patch(ref, { spec: { template } }, { type: "strategic" });
    await eventually("four new Pods", async () => {
      const found = await pods();
      return found.length === 4 && found.every(({ metadata, status }) => !before.has(metadata?.uid) && status?.phase === "Running");
    });
    await client.resource(deploymentKind).delete(ref);
    await eventually("nothing left", async () => {
      const sets = await client.resource(replicaSetKind).list({ namespace: "default" });
      return sets.items.length === 0 && (await pods()).length === 0;
    });
  });
});
