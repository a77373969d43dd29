import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { notedTraces, type Traces } from "./machine-traces.ts";
import { eventually, freeTcpPort, type Kubectl, nginxExample, obstacle, run, TestCluster } from "./test-cluster.ts";

const why = obstacle();

describe.skipIf(why !== undefined)(`the life of a cluster${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let nodePort: number;
  let traces: Traces;
  let pods: string;

  const answers = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${nodePort}/`)).status === 200;
  const podUids = (): Promise<string> => kubectl.ok("get pods --sort-by=.metadata.name -o jsonpath={.items[*].metadata.uid}");

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-life");
    kubectl = cluster.kubectl();
    nodePort = await freeTcpPort(31_180);
    await kubectl.ok("apply -f -", { input: nginxExample(nodePort) });
    await kubectl.ok("rollout status deploy/nginx-deployment --timeout=60s");
    await kubectl.ok("create configmap kept --from-literal=a=1");
    await eventually("an answer", answers);
    pods = await podUids();
    traces = await notedTraces(cluster);
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it("runs the server as a user of its own, and the node as root", async () => {
    expect(userOf(await cluster.pid("server"))).toBeGreaterThanOrEqual(60_600);
    expect(userOf(await cluster.pid("node"))).toBe(0);
    const owned = await run("find", [cluster.data, "-maxdepth", "2", "-uid", `${userOf(await cluster.pid("server"))}`]);
    const relative = owned.stdout
      .trim()
      .split("\n")
      .map((path) => path.replace(`${cluster.data}/`, ""));
    expect(new Set(relative.map((path) => path.split("/")[0]))).toEqual(new Set(["store", "pki", "audit"]));
  });

  it("does nothing when it is started again", async () => {
    const before = await cluster.status();
    await cluster.up();
    expect(await cluster.status()).toEqual(before);
  });

  it("stops everything and keeps its data", async () => {
    await cluster.skiff(["down", "--name", cluster.name]);
    expect(await traces.running()).toEqual([]);
    expect(await cluster.status()).toMatchObject({ running: false, processes: [] });
    await expect(answers()).rejects.toThrow();
    await cluster.skiff(["down", "--name", cluster.name]);
  });

  it("brings the workload back, also when all of it belonged to root", async () => {
    const file = join(cluster.data, "cluster.json");
    const { serverUser, ...config } = JSON.parse(readFileSync(file, "utf8")) as { serverUser: number };
    writeFileSync(file, JSON.stringify(config));
    await run("chown", ["-R", "0:0", join(cluster.data, "store"), join(cluster.data, "pki")]);
    await cluster.up();
    expect(userOf(await cluster.pid("server"))).toBe(serverUser);
    expect(await kubectl.ok("get configmap kept -o jsonpath={.data.a}")).toBe("1");
    await eventually(
      "the workload",
      async () => (await kubectl.ok("get deploy nginx-deployment -o jsonpath={.status.readyReplicas}")) === "3",
    );
    await eventually("an answer", answers);
    expect(await podUids()).toBe(pods);
    traces = await notedTraces(cluster);
  });

  it("leaves nothing when it is deleted", async () => {
    expect(await traces.left()).not.toEqual([]);
    await cluster.skiff(["delete", "--name", cluster.name, "--kubeconfig", cluster.kubeconfig]);
    expect(await traces.left()).toEqual([]);
  });

  it("leaves nothing when it is deleted after all its processes were killed", async () => {
    await cluster.up();
    await kubectl.ok("apply -f -", { input: nginxExample(nodePort) });
    await eventually("a container", async () => (await kubectl.ok("get pods --no-headers")).length > 0);
    const noted = (await cluster.status()).processes;
    expect(noted.map(({ role }) => role)).toEqual(["server", "node", "containerd", "keeper", "keeper"]);
    for (const { pid } of noted) process.kill(pid, "SIGKILL");

    await cluster.skiff(["delete", "--name", cluster.name, "--kubeconfig", cluster.kubeconfig]);
    expect(await traces.left()).toEqual([]);
  });
});

function userOf(pid: number): number {
  return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
