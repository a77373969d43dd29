import { join } from "node:path";
import { overlayInterface } from "@skiff/cni";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { notedTraces, tracesOf } from "./machine-traces.ts";
import { OtherMachine } from "./other-machine.ts";
import { eventually, imageArchives, type Kubectl, obstacle, TestCluster } from "./test-cluster.ts";

const why = obstacle();
const HERE = "10.199.76.1";
const NODE = "other-1";
const JOINED = "e2e-joined";

/** A web server on a node, and the Service in front of it alone. */
const webServer = (node: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: on-${node}, labels: {on: ${node}}}
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 0
  containers:
  - {name: main, image: "nginx:1.7.9", imagePullPolicy: Never}
---
apiVersion: v1
kind: Service
metadata: {name: to-${node}}
spec: {selector: {on: ${node}}, ports: [{port: 80}]}
`;

describe.skipIf(why !== undefined)(`a machine that joins${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let machine: OtherMachine;
  let kubectl: Kubectl;
  let untouched: string[];
  let joinArguments: string[];

  const here = "e2e-join-1";
  const joined = () => ({ name: JOINED, data: join(cluster.directory, "joined"), kubeconfig: cluster.kubeconfig });
  const ready = async () => (await cluster.status()).nodes.filter((node) => node.ready).map(({ name }) => name);
  const ask = (from: string, url: string): Promise<string> =>
    kubectl.ok(`exec on-${from} -- curl -s -o /dev/null -m 5 -w '%{http_code}' ${url}`);

  beforeAll(async () => {
    // Behind a router, which is harder: a route by way of the node's address leads to Pods only without one.
    machine = await OtherMachine.create({ name: "e2e-other", here: HERE, there: "10.199.75.2" });
    untouched = await machine.network();
    cluster = await TestCluster.start("e2e-join", ["--advertise-address", HERE]);
    kubectl = cluster.kubectl();
    const made = await cluster.skiff(["token", "create", "--name", cluster.name, "--print-join-command", "--ttl", "10m", "-o", "json"]);
    const { joinCommand } = JSON.parse(made) as { joinCommand: string };
    joinArguments = [...joinCommand.split(" ").slice(1), "--name", JOINED, "--data-dir", joined().data, "--node-name", NODE];
  });
  afterAll(async () => {
    await machine?.skiff(["delete", "--name", JOINED]);
    await cluster?.remove();
    await machine?.remove();
  });

  it("is refused what is not right, and then holds nothing of the cluster", async () => {
    const changed = (from: string, to: string): string[] => joinArguments.map((each) => (each === from ? to : each));
    const token = joinArguments[joinArguments.indexOf("--token") + 1] ?? "";
    const cases: [string[], string][] = [
      [changed(NODE, here), `A node with the name ${here} and the status Ready is already in the cluster.`],
      [changed(token, `${token.slice(0, 7)}${"0".repeat(16)}`), "its second half does not fit"],
      [joinArguments.map((each) => (each.startsWith("sha256:") ? `sha256:${"0".repeat(64)}` : each)), "is not the one that was asked for"],
      [changed(`${HERE}:${joinArguments[1]?.split(":")[1]}`, `${HERE}:1`), "cannot be reached: connect ECONNREFUSED"],
    ];
    for (const [args, expected] of cases) {
      const { code, stderr } = await machine.skiff(args);
      expect([code, stderr]).toEqual([1, expect.stringContaining(expected)]);
    }
    expect(await tracesOf(joined())).toEqual([]);
    expect(await machine.network()).toEqual(untouched);
  });

  it("becomes a node, in steps that are named as kubeadm's are", async () => {
    const { code, stdout, stderr } = await machine.skiff(joinArguments);
    expect([code, stderr]).toEqual([0, ""]);
    const steps = Array.from(stdout.matchAll(/^\[(\w+)\]/gm), ([, step]) => step);
    expect([...new Set(steps)]).toEqual(["preflight", "discovery", "bootstrap", "csr", "kubeconfig", "node"]);
    expect(stdout).toContain("Node join complete");
    expect(await ready()).toEqual([here, NODE]);
    expect(await kubectl.ok(`get node ${NODE} -o jsonpath={.status.addresses[0].address}`)).toBe(machine.address);
  });

  it("runs Pods that reach Services of the cluster and are reached, by name and in both directions", async () => {
    const { code, stderr } = await machine.skiff(["image", "load", "--name", JOINED, ...(await imageArchives())]);
    expect([code, stderr]).toEqual([0, expect.anything()]);
    for (const node of [here, NODE]) await kubectl.ok("apply -f -", { input: webServer(node) });
    await kubectl.ok("wait --for=condition=Ready pod --all --timeout=60s");
    for (const from of [here, NODE])
      for (const to of [here, NODE])
        expect(await ask(from, `http://to-${to}.default.svc.cluster.local/`), `from ${from} to ${to}`).toBe("200");
    expect(await kubectl.ok(`exec on-${NODE} -- hostname`)).toBe(`on-${NODE}\n`);
  });

  it("comes back with its Pods after it was down", async () => {
    expect((await machine.skiff(["down", "--name", JOINED])).code).toBe(0);
    expect((await tracesOf(joined())).filter((trace) => trace.startsWith("process"))).toEqual([]);
    expect((await machine.skiff(["up", "--name", JOINED])).code).toBe(0);
    await eventually("an answer", async () => (await ask(here, `http://to-${NODE}/`)) === "200", 60_000);
  });

  it("leaves nothing when it is deleted, and no more does the cluster, which still knows its node", async () => {
    const { code, stdout } = await machine.skiff(["delete", "--name", JOINED]);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`kubectl delete node ${NODE}`)]);
    expect(await tracesOf(joined())).toEqual([]);
    expect(await machine.network()).toEqual(untouched);
    const traces = await notedTraces(cluster);
    expect(await traces.left()).toContain(`/sys/class/net/${overlayInterface(cluster.name)}`);
    await cluster.skiff(["delete", "--name", cluster.name, "--kubeconfig", cluster.kubeconfig]);
    expect(await traces.left()).toEqual([]);
  });
});
