import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpLoad } from "./http-load.ts";
import { orphans } from "./node-orphans.ts";
import { eventually, freeTcpPort, type Kubectl, obstacle, TestCluster } from "./test-cluster.ts";

const why = obstacle();
const DEPLOYMENT = "deploy/nginx-deployment";

/** Every update keeps all replicas available, and what is asked to end first answers what it has begun to answer. */
function workload(nodePort: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx-deployment}
spec:
  replicas: 3
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
        - name: nginx
          image: nginx:1.7.9
          ports: [{containerPort: 80}]
          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
          lifecycle: {preStop: {sleep: {seconds: 2}}}
---
apiVersion: v1
kind: Pod
metadata: {name: bystander}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: "busybox:1.36", command: [sleep, "3600"]}]
---
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec:
  type: NodePort
  selector: {app: nginx}
  ports: [{port: 80, nodePort: ${nodePort}}]
`;
}

describe.skipIf(why !== undefined)(`a cluster whose processes are killed${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let nodePort: number;

  /** The containers that run, by Pod, with how often they were restarted. */
  const containers = async (selector = ""): Promise<Map<string, string>> => {
    const path =
      "{range .items[*]}{.metadata.name}={.status.containerStatuses[0].containerID}/{.status.containerStatuses[0].restartCount} {end}";
    const output = await kubectl.ok(`get pods ${selector} -o 'jsonpath=${path}'`);
    return new Map(
      output
        .trim()
        .split(" ")
        .map((each) => each.split("=") as [string, string]),
    );
  };
  const bystander = async (): Promise<string | undefined> =>
    (await containers("--field-selector metadata.name=bystander")).get("bystander");

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-survival");
    kubectl = cluster.kubectl();
    nodePort = await freeTcpPort(31_280);
    await kubectl.ok("apply -f -", { input: workload(nodePort) });
    await kubectl.ok(`rollout status ${DEPLOYMENT} --timeout=60s`);
    await kubectl.ok("wait --for=condition=Ready pod/bystander --timeout=30s");
    await eventually("an answer", async () => (await fetch(`http://127.0.0.1:${nodePort}/`)).ok);
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it.each(["server", "node", "containerd", "container"] as const)(
    "loses nothing when the %s is killed in the middle of a rolling update",
    async (role) => {
      const before = await bystander();
      const load = new HttpLoad(`http://127.0.0.1:${nodePort}/`);
      const writer = new ConfigMapWriter(kubectl, `kept-${role}`);
      const pid = role === "container" ? containerPid(before ?? "") : await cluster.pid(role);
      await kubectl.ok(`rollout restart ${DEPLOYMENT}`);
      await eventually("a new Pod", async () => (await containers("-l app=nginx")).size > 3);
      const running = await containers("-l app=nginx");

      process.kill(pid, "SIGKILL");
      // Nobody but the cluster itself brings it back.
      if (role === "container") {
        await eventually("the next life", async () => (await bystander())?.endsWith("/1"));
        const path = "{.status.containerStatuses[0].lastState.terminated}";
        expect(JSON.parse(await kubectl.ok(`get pod bystander -o jsonpath=${path}`))).toMatchObject({ exitCode: 137, reason: "Error" });
      } else await eventually("the next life", async () => (await cluster.pid(role)) !== pid, 15_000);
      // The new server may be there and not yet listen.
      await eventually("the API", () => kubectl.ok("get --raw /readyz"));
      await kubectl.ok(`rollout status ${DEPLOYMENT} --timeout=90s`);

      expect(await writer.stop()).toEqual([]);
      expect(writer.acknowledged).toBeGreaterThan(0);
      if (role !== "container") expect(await bystander()).toBe(before);
      // What is still there of the Pods that ran at the time runs in the same container.
      const after = await containers("-l app=nginx");
      for (const [pod, container] of running) {
        const now = after.get(pod);
        if (now !== undefined && container.includes("containerd://")) expect(now).toBe(container);
      }
      const result = await load.stop();
      expect(result.failures).toEqual([]);
      expect(result.answered).toBeGreaterThan(50);
      await eventually("the end of what belongs to no Pod", async () => {
        const left = await orphans(cluster, kubectl);
        if (left.length > 0) throw new Error(left.join("\n"));
        return true;
      });
    },
  );

  it("is made whole by `up` when keepers are killed, and starts nothing twice whoever asks", async () => {
    const before = (await cluster.status()).processes;
    const programs = before.filter(({ role }) => role !== "keeper");
    for (const { role, pid } of before) if (role === "keeper") process.kill(pid, "SIGKILL");
    await Promise.all([cluster.up(), cluster.up(), cluster.up()]);
    const healed = (await cluster.status()).processes;
    expect(healed.filter(({ role }) => role !== "keeper")).toEqual(programs);
    expect(healed).toHaveLength(before.length);

    // The keeper's restart and three `up` at the same time.
    const server = await cluster.pid("server");
    process.kill(server, "SIGKILL");
    await Promise.all([cluster.up(), cluster.up(), cluster.up()]);
    expect(await cluster.pid("server")).not.toBe(server);
    expect(cluster.processes("server")).toHaveLength(1);
    expect(cluster.processes("node")).toHaveLength(1);
  });
});

/** The first process of a container, by its ID as the API has it: its control group carries the name of the container. */
function containerPid(id: string): number {
  const bare = /^containerd:\/\/([0-9a-f]{64})/.exec(id)?.[1];
  if (bare === undefined) throw new Error(`"${id}" is no container`);
  const pids = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && cgroupOf(pid).includes(bare));
  const first = Math.min(...pids.map(Number));
  if (!Number.isFinite(first)) throw new Error(`container ${bare} has no process`);
  return first;
}

function cgroupOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    // It ended in between.
    return "";
  }
}

/** Creates ConfigMaps one after the other, and knows which of them the API has acknowledged. */
class ConfigMapWriter {
  readonly #kubectl: Kubectl;
  readonly #prefix: string;
  readonly #names: string[] = [];
  readonly #ended: Promise<void>;
  #stopped = false;

  constructor(kubectl: Kubectl, prefix: string) {
    this.#kubectl = kubectl;
    this.#prefix = prefix;
    this.#ended = this.#write();
  }

  get acknowledged(): number {
    return this.#names.length;
  }

  /** The names that were acknowledged and are not there. */
  async stop(): Promise<string[]> {
    this.#stopped = true;
    await this.#ended;
    const there = new Set((await this.#kubectl.ok("get configmaps -o jsonpath={.items[*].metadata.name}")).split(" "));
    return this.#names.filter((name) => !there.has(name));
  }

  async #write(): Promise<void> {
    for (let index = 0; !this.#stopped; index++) {
      const name = `${this.#prefix}-${index}`;
      const { code } = await this.#kubectl.try(`create configmap ${name} --from-literal=index=${index} --request-timeout=5s`);
      if (code === 0) this.#names.push(name);
    }
  }
}
