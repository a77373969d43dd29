import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { notedTraces } from "./machine-traces.ts";
import { eventually, freeTcpPort, type Kubectl, nginxExample, obstacle, TestCluster } from "./test-cluster.ts";

const why = obstacle();
const NODES = ["e2e-nodes-1", "e2e-nodes-2", "e2e-nodes-3"];

describe.skipIf(why !== undefined)(`a cluster of three nodes${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let nodePort: number;

  /** The Pods of the example by node. */
  const podsByNode = async (): Promise<Map<string, { name: string; ip: string }>> => {
    const path = "{range .items[*]}{.spec.nodeName}={.metadata.name}={.status.podIP} {end}";
    const output = await kubectl.ok(`get pods -l app=nginx -o 'jsonpath=${path}'`);
    return new Map(
      output
        .trim()
        .split(" ")
        .map((each) => each.split("="))
        .map(([node = "", name = "", ip = ""]) => [node, { name, ip }]),
    );
  };

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-nodes", ["--nodes", "3"]);
    kubectl = cluster.kubectl();
    nodePort = await freeTcpPort(31_380);
    await kubectl.ok("apply -f -", { input: nginxExample(nodePort) });
    await kubectl.ok("rollout status deploy/nginx-deployment --timeout=60s");
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it("has three ready nodes with addresses and Pod ranges of their own", async () => {
    expect(await kubectl.ok("get nodes --no-headers")).toMatch(/^e2e-nodes-1 +Ready .*\ne2e-nodes-2 +Ready .*\ne2e-nodes-3 +Ready /);
    const { nodes } = await cluster.status();
    expect(nodes.map(({ name, ready }) => ({ name, ready }))).toEqual(NODES.map((name) => ({ name, ready: true })));
    expect(new Set(nodes.map(({ address }) => address)).size).toBe(3);
    expect(new Set((await kubectl.ok("get nodes -o jsonpath={.items[*].spec.podCIDR}")).split(" ")).size).toBe(3);
  });

  it("spreads the Pods over the nodes, which reach each other directly, by Service and by name", async () => {
    const pods = await podsByNode();
    expect([...pods.keys()].sort()).toEqual(NODES);
    const clusterIp = await kubectl.ok("get service nginx -o jsonpath={.spec.clusterIP}");
    for (const { name } of pods.values()) {
      for (const host of [...[...pods.values()].map(({ ip }) => ip), clusterIp, "nginx.default.svc.cluster.local"]) {
        const status = await kubectl.ok(`exec ${name} -- curl -s -o /dev/null -m 5 -w '%{http_code}' http://${host}/`);
        expect(status, `from ${name} to ${host}`).toBe("200");
      }
    }
  });

  it("answers on the node port of every node, and gives logs from every node", async () => {
    for (const { address } of (await cluster.status()).nodes) {
      const status = await eventually(`an answer from ${address}`, async () => (await fetch(`http://${address}:${nodePort}/`)).status);
      expect(status).toBe(200);
    }
    for (const { name } of (await podsByNode()).values()) expect(await kubectl.ok(`logs ${name} --tail=1`)).toMatch(/GET \//);
  });

  it("answers at a load-balancer address, for the machine and for Pods of every node", async () => {
    await kubectl.ok("expose deploy nginx-deployment --name=balanced --type=LoadBalancer --port=80");
    const path = "{.status.loadBalancer.ingress[0].ip}";
    const ip = await eventually("an address", async () => (await kubectl.ok(`get service balanced -o 'jsonpath=${path}'`)) || undefined);
    await eventually(`an answer from ${ip}`, async () => (await fetch(`http://${ip}/`)).ok);
    for (const { name } of (await podsByNode()).values()) {
      expect(await kubectl.ok(`exec ${name} -- curl -s -o /dev/null -m 5 -w '%{http_code}' http://${ip}/`), `from ${name}`).toBe("200");
    }
  });

  it("moves Pods off a node that is drained, and back onto it", async () => {
    await kubectl.ok("drain e2e-nodes-3 --ignore-daemonsets --delete-emptydir-data --timeout=60s");
    await kubectl.ok("rollout status deploy/nginx-deployment --timeout=60s");
    expect([...(await podsByNode()).keys()].sort()).toEqual(["e2e-nodes-1", "e2e-nodes-2"]);
    expect(await kubectl.ok("get node e2e-nodes-3 --no-headers")).toContain("Ready,SchedulingDisabled");
    await kubectl.ok("uncordon e2e-nodes-3");
    await kubectl.ok("rollout restart deploy/nginx-deployment");
    await kubectl.ok("rollout status deploy/nginx-deployment --timeout=60s");
    await eventually("a Pod on the third node", async () => (await podsByNode()).has("e2e-nodes-3"));
  });

  it("leaves nothing when it is deleted", async () => {
    const traces = await notedTraces(cluster);
    expect((await traces.left()).filter((trace) => trace.startsWith("network namespace"))).toHaveLength(4);
    await cluster.skiff(["delete", "--name", cluster.name, "--kubeconfig", cluster.kubeconfig]);
    expect(await traces.left()).toEqual([]);
  });
});
