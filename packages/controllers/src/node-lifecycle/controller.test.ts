import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatMicroTime, formatTime } from "@skiff/base";
import { leaseKind, nodeKind, type Toleration } from "@skiff/api";
import { podKind, template, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;
let alive: Set<string>;

beforeEach(async () => {
  alive = new Set();
  cluster = await TestCluster.start(
    ["node-lifecycle-controller", "taint-eviction-controller", "pod-garbage-collector", "node-ipam-controller"],
    {
      nodeIpam: { clusterCidrs: ["10.244.0.0/16", "fd00:10:244::/56"] },
    },
  );
});
afterEach(() => cluster.stop());

async function addNode(name: string): Promise<void> {
  await cluster.addNode(name);
  alive.add(name);
  await cluster.client.resource(leaseKind).create({ metadata: { name, namespace: "kube-node-lease" }, spec: { holderIdentity: name } });
}

/** Time passes; nodes that are alive renew their leases every 10 s. */
async function pass(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    for (const name of alive) {
      const spec = { renewTime: formatMicroTime(cluster.clock.now()) };
      await cluster.client.resource(leaseKind).patch({ namespace: "kube-node-lease", name }, { spec });
    }
    await cluster.clock.advance(10_000);
  }
}

async function addPod(name: string, nodeName: string, tolerations?: Toleration[]): Promise<void> {
  const pod = await cluster.client.resource(podKind).create({
    metadata: { name, namespace: "default" },
    spec: { ...template("web").spec!, nodeName, ...(tolerations ? { tolerations } : {}) },
  });
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(cluster.clock.now()) }];
  await cluster.setPod(pod, { phase: "Running", conditions });
}

const node = (name: string) => cluster.client.resource(nodeKind).get({ name });
const taints = async (name: string) => ((await node(name)).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
const ready = async (name: string) => (await node(name)).status?.conditions?.find(({ type }) => type === "Ready");
const podNames = async () => (await cluster.pods()).map(({ metadata }) => metadata?.name ?? "").sort();

describe("a node that falls silent", () => {
  it("is unknown after the grace period, tainted, and its Pods are not ready any more", async () => {
    await addNode("a");
    await addNode("b");
    await addPod("on-b", "b", [{ key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }]);
    await pass(60);
    expect(await taints("b")).toEqual([]);
    alive.delete("b");
    await pass(40);
    expect((await ready("b"))?.status).toBe("True");
    await pass(20);
    expect(await ready("b")).toMatchObject({
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
    });
    expect(await taints("b")).toEqual(["node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"]);
    expect(await taints("a")).toEqual([]);
    const [pod] = await cluster.pods();
    expect(pod?.status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("False");
    // The Pod tolerates it for five minutes, and not longer.
    await pass(270);
    expect(await podNames()).toEqual(["on-b"]);
    await pass(40);
    expect(await podNames()).toEqual([]);
    expect(await cluster.events("Pod")).toContain("TaintManagerEviction: Marking for deletion Pod default/on-b");
  });

  it("is left alone when every node is silent: then it is us", async () => {
    await addNode("a");
    await addNode("b");
    await addPod("on-b", "b");
    await pass(20);
    alive.clear();
    await pass(1000);
    expect((await ready("a"))?.status).toBe("Unknown");
    expect((await taints("a")).filter((taint) => taint.endsWith("NoExecute"))).toEqual([]);
    expect(await podNames()).toEqual(["on-b"]);
  });

  it("has its taints lifted when it comes back", async () => {
    await addNode("a");
    await addNode("b");
    alive.delete("b");
    await pass(80);
    expect(await taints("b")).toHaveLength(2);
    alive.add("b");
    const now = formatTime(cluster.clock.now());
    const conditions = [{ type: "Ready", status: "True", lastHeartbeatTime: now, lastTransitionTime: now }];
    await cluster.client.resource(nodeKind).patch({ name: "b" }, { status: { conditions } }, { subresource: "status", type: "strategic" });
    await pass(10);
    expect(await taints("b")).toEqual([]);
  });
});

describe("conditions and switches of a node", () => {
  it("keep new Pods away", async () => {
    await addNode("a");
    await addNode("b");
    const conditions = [{ type: "DiskPressure", status: "True", lastTransitionTime: formatTime(cluster.clock.now()) }];
    await cluster.client.resource(nodeKind).patch({ name: "a" }, { status: { conditions } }, { subresource: "status", type: "strategic" });
    await cluster.client.resource(nodeKind).patch({ name: "b" }, { spec: { unschedulable: true } });
    await cluster.settle();
    expect(await taints("a")).toEqual(["node.kubernetes.io/disk-pressure:NoSchedule"]);
    expect(await taints("b")).toEqual(["node.kubernetes.io/unschedulable:NoSchedule"]);
    await cluster.client.resource(nodeKind).patch({ name: "b" }, { spec: { unschedulable: null } });
    await cluster.settle();
    expect(await taints("b")).toEqual([]);
  });
});

describe("Pods that nobody else removes", () => {
  it("of a vanished node fail and go, after a while", async () => {
    await addNode("a");
    await addPod("lost", "gone");
    await addPod("fine", "a");
    await pass(30);
    expect(await podNames()).toEqual(["fine", "lost"]);
    await pass(60);
    expect(await podNames()).toEqual(["fine"]);
  });
});

describe("the addresses of nodes", () => {
  it("are one range of each family for each node, never the same, and free again after the node", async () => {
    for (const name of ["a", "b", "c"]) await addNode(name);
    await cluster.settle();
    const ranges = async () => (await cluster.list(nodeKind)).map(({ spec }) => spec?.podCIDRs);
    expect(await ranges()).toEqual([
      ["10.244.0.0/24", "fd00:10:244::/64"],
      ["10.244.1.0/24", "fd00:10:244:1::/64"],
      ["10.244.2.0/24", "fd00:10:244:2::/64"],
    ]);
    expect((await node("a")).spec?.podCIDR).toBe("10.244.0.0/24");
  });
});
