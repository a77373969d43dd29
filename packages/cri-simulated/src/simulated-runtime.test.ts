import { testHost } from "@skiff/base/testing";
import { type ContainerConfig, type PodSandboxConfig, RuntimeError } from "@skiff/kubelet";
import { describe, expect, it } from "vitest";
import { MemoryLogSink } from "./log-sink.ts";
import { SimulatedRuntime, type SimulatedRuntimeOptions } from "./simulated-runtime.ts";

function sandbox(name: string, network: "POD" | "NODE" = "POD"): PodSandboxConfig {
  return {
    metadata: { name, uid: `uid-${name}`, namespace: "default", attempt: 0 },
    hostname: name,
    logDirectory: `/logs/${name}`,
    portMappings: [],
    labels: {},
    annotations: {},
    linux: {
      cgroupParent: "",
      namespaceOptions: { network, pid: "CONTAINER", ipc: "POD" },
      privileged: false,
      supplementalGroups: [],
      sysctls: {},
    },
  };
}

function container(image: string, attempt = 0, command: readonly string[] = []): ContainerConfig {
  return {
    metadata: { name: "main", attempt },
    image: { image, userSpecifiedImage: image },
    command,
    args: [],
    workingDir: "",
    env: [],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: "main.log",
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: {
      resources: {},
      namespaceOptions: { network: "POD", pid: "CONTAINER", ipc: "POD" },
      privileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      supplementalGroups: [],
      readonlyRootfs: false,
      noNewPrivileges: false,
      maskedPaths: [],
      readonlyPaths: [],
    },
  };
}

function start(options: SimulatedRuntimeOptions = {}, seed = 1) {
  const host = testHost(seed);
  return { clock: host.clock, runtime: new SimulatedRuntime(host, { podCidr: "10.244.0.0/24", ...options }) };
}

async function run(runtime: SimulatedRuntime, config = container("app"), name = "pod"): Promise<{ sandboxId: string; id: string }> {
  const sandboxId = await runtime.runPodSandbox(sandbox(name));
  const id = await runtime.createContainer(sandboxId, config);
  await runtime.startContainer(id);
  return { sandboxId, id };
}

describe("SimulatedRuntime", () => {
  it("gives the same ids, addresses and times for the same seed, and others for another", async () => {
    const record = async (seed: number): Promise<unknown> => {
      const { runtime, clock } = start({ behaviours: [{ exitAfterMs: 10 }] }, seed);
      const { sandboxId, id } = await run(runtime);
      await clock.advance(10);
      return [await runtime.podSandboxStatus(sandboxId), await runtime.containerStatus(id)];
    };
    expect(await record(7)).toEqual(await record(7));
    expect(await record(7)).not.toEqual(await record(8));
  });

  it("sets no timer by default", async () => {
    const { runtime, clock } = start();
    await run(runtime);
    expect(clock.nextDue()).toBeUndefined();
  });

  it("lets a container fail on its first attempts only", async () => {
    const { runtime, clock } = start({ behaviours: [{ match: { image: "flaky", attemptBelow: 1 }, exitAfterMs: 50, exitCode: 1 }] });
    const { sandboxId, id } = await run(runtime, container("flaky"));
    await clock.advance(50);
    expect(await runtime.containerStatus(id)).toMatchObject({ state: "CONTAINER_EXITED", exitCode: 1, reason: "Error" });
    const second = await runtime.createContainer(sandboxId, container("flaky", 1));
    await runtime.startContainer(second);
    await clock.advance("1h");
    expect(await runtime.containerStatus(second)).toMatchObject({ state: "CONTAINER_RUNNING" });
  });

  it("refuses a start as when the command does not exist", async () => {
    const { runtime } = start({ behaviours: [{ match: { command: "missing" }, startError: "exec: no such file" }] });
    const sandboxId = await runtime.runPodSandbox(sandbox("pod"));
    const id = await runtime.createContainer(sandboxId, container("app", 0, ["missing"]));
    await expect(runtime.startContainer(id)).rejects.toThrow("exec: no such file");
    expect(await runtime.containerStatus(id)).toMatchObject({ exitCode: 128, reason: "StartError", message: "exec: no such file" });
  });

  it("writes log lines when they are due, and stops with the container", async () => {
    const logs = new MemoryLogSink();
    const { runtime, clock } = start({ logs, behaviours: [{ logs: [{ text: "hello" }, { text: "tick", afterMs: 10, everyMs: 10 }] }] });
    const { id } = await run(runtime);
    await clock.advance(35);
    await runtime.stopContainer(id, 0);
    await clock.advance(100);
    expect(logs.lines("/logs/pod/main.log")).toEqual(["hello", "tick", "tick", "tick"]);
    expect(clock.nextDue()).toBeUndefined();
  });

  it("pulls images by rule: absent ones, slow ones, ones that fail", async () => {
    const { runtime, clock } = start({
      images: [
        { image: "slow*", present: false, pullDelayMs: 2000 },
        { image: "bad*", present: false, pullError: { message: "manifest unknown" } },
      ],
    });
    expect(await runtime.imageStatus("slow:1")).toBeUndefined();
    const pulled = runtime.pullImage("slow:1", undefined, undefined);
    await clock.advance(1999);
    expect(await runtime.imageStatus("slow:1")).toBeUndefined();
    await clock.advance(1);
    const id = await pulled;
    expect(await runtime.imageStatus("docker.io/library/slow:1")).toMatchObject({ id, repoTags: ["docker.io/library/slow:1"] });
    await expect(runtime.pullImage("bad", undefined, undefined)).rejects.toMatchObject({ code: "NOT_FOUND", message: "manifest unknown" });
    await runtime.removeImage("slow:1");
    expect(await runtime.imageStatus("slow:1")).toBeUndefined();
  });

  it("answers commands and requests by the time since the start", async () => {
    const { runtime, clock } = start({
      behaviours: [
        {
          exec: [{ command: "cat /tmp/healthy", fromMs: 30_000, exitCode: 1, stderr: "no such file" }],
          http: [{ path: "/healthz", fromMs: 10_000, status: 500, body: "error" }],
          listen: { ports: [8080], fromMs: 5000 },
        },
      ],
    });
    const { id, sandboxId } = await run(runtime);
    const [ip = ""] = (await runtime.podSandboxStatus(sandboxId))?.ips ?? [];
    expect((await runtime.execSync(id, ["cat", "/tmp/healthy"], 1)).exitCode).toBe(0);
    expect(runtime.connect(ip, 8080)).toBe(false);
    await clock.advance(5000);
    expect(runtime.http(ip, 8080, "/healthz")?.status).toBe(200);
    expect(runtime.connect(ip, 9090)).toBe(false);
    await clock.advance(5000);
    expect(runtime.http(ip, 8080, "/healthz")).toMatchObject({ status: 500, body: "error" });
    expect(runtime.http(ip, 8080, "/")?.status).toBe(200);
    await clock.advance(20_000);
    expect((await runtime.execSync(id, ["cat", "/tmp/healthy"], 1)).exitCode).toBe(1);
    await runtime.stopContainer(id, 0);
    expect(runtime.http(ip, 8080, "/")).toBeUndefined();
  });

  it("adds up CPU time as the usage changes", async () => {
    const { runtime, clock } = start({ behaviours: [{ cpuMillicores: 100, memoryWorkingSetBytes: 5 }] });
    const { id } = await run(runtime);
    await clock.advance(10_000);
    runtime.setUsage(id, { cpuMillicores: 500 });
    await clock.advance(2000);
    expect(await runtime.containerStats(id)).toMatchObject({ cpuUsageNs: 2e9, memoryWorkingSetBytes: 5 });
  });

  it("is not ready for Pods before it knows its network, but for Pods on the host's", async () => {
    const { runtime } = start({ podCidr: undefined });
    const ready = async (): Promise<boolean | undefined> =>
      (await runtime.status()).conditions.find(({ type }) => type === "NetworkReady")?.status;
    expect(await ready()).toBe(false);
    await expect(runtime.runPodSandbox(sandbox("pod"))).rejects.toThrow(RuntimeError);
    await runtime.runPodSandbox(sandbox("host", "NODE"));
    await runtime.updatePodCidr("10.1.0.0/24");
    expect(await ready()).toBe(true);
    expect(await runtime.podSandboxStatus(await runtime.runPodSandbox(sandbox("pod")))).toMatchObject({ ips: ["10.1.0.2"] });
  });

  it("fails calls while it is away, keeps containers, and loses the events of that time", async () => {
    const { runtime, clock } = start({ behaviours: [{ exitAfterMs: 50, exitCode: 4 }] });
    const types: string[] = [];
    const stream = runtime.containerEvents(({ type }) => types.push(type), new AbortController().signal);
    const { id } = await run(runtime);
    runtime.crash();
    await expect(stream).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(runtime.containerStatus(id)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await clock.advance(100);
    runtime.restart();
    expect(await runtime.containerStatus(id)).toMatchObject({ state: "CONTAINER_EXITED", exitCode: 4 });
    expect(types).toEqual(["CONTAINER_CREATED_EVENT", "CONTAINER_STARTED_EVENT"]);
  });

  it("fails calls that wait when it goes away", async () => {
    const { runtime, clock } = start({ behaviours: [{ ignoresStopSignal: true }] });
    const { id } = await run(runtime);
    const stopped = expect(runtime.stopContainer(id, 30)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await clock.settle();
    runtime.crash();
    await stopped;
    // Nobody is left who would kill it.
    runtime.restart();
    await clock.advance(60_000);
    expect(await runtime.containerStatus(id)).toMatchObject({ state: "CONTAINER_RUNNING" });
  });

  it("ends every container at a reboot and gives the addresses back", async () => {
    const { runtime } = start({ podCidr: "10.0.0.0/29" });
    const { id, sandboxId } = await run(runtime);
    runtime.reboot();
    expect(await runtime.containerStatus(id)).toMatchObject({ state: "CONTAINER_EXITED", exitCode: 255 });
    expect(await runtime.podSandboxStatus(sandboxId)).toMatchObject({ state: "SANDBOX_NOTREADY" });
    for (let index = 0; index < 5; index++) await runtime.runPodSandbox(sandbox(`again-${index}`));
  });
});

describe("the faults of SimulatedRuntime", () => {
  it("fails a call as often as it is told to", async () => {
    const { runtime } = start({ faults: [{ operation: "runPodSandbox", times: 2, effect: { kind: "error", message: "no" } }] });
    for (let attempt = 0; attempt < 2; attempt++) await expect(runtime.runPodSandbox(sandbox("pod"))).rejects.toThrow("no");
    await runtime.runPodSandbox(sandbox("pod"));
  });

  it("lets a call run into its deadline after the work was done", async () => {
    const { runtime, clock } = start();
    const sandboxId = await runtime.runPodSandbox(sandbox("pod"));
    runtime.inject({
      operation: "createContainer",
      subject: "ma*",
      times: 1,
      effect: { kind: "timeout", afterMs: 120_000, performed: true },
    });
    const lost = expect(runtime.createContainer(sandboxId, container("app"))).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await clock.advance(120_000);
    await lost;
    expect(await runtime.listContainers({ sandboxId })).toHaveLength(1);
    await expect(runtime.createContainer(sandboxId, container("app"))).rejects.toThrow("is reserved for");
  });

  it("loses events, until the fault is taken away", async () => {
    const { runtime } = start();
    const types: string[] = [];
    const abort = new AbortController();
    const stream = runtime.containerEvents(({ type }) => types.push(type), abort.signal);
    const takeAway = runtime.inject({ operation: "event", effect: { kind: "lose" } });
    const { id } = await run(runtime);
    takeAway();
    await runtime.stopContainer(id, 0);
    expect(types).toEqual(["CONTAINER_STOPPED_EVENT"]);
    abort.abort();
    await stream;
  });

  it("strikes with its probability, the same way for the same seed", async () => {
    const strikes = async (): Promise<readonly boolean[]> => {
      const { runtime } = start({ faults: [{ operation: "*", probability: 0.5, effect: { kind: "error" } }] }, 3);
      const outcomes: boolean[] = [];
      for (let call = 0; call < 20; call++)
        outcomes.push(
          await runtime.version().then(
            () => false,
            () => true,
          ),
        );
      return outcomes;
    };
    const outcomes = await strikes();
    expect(new Set(outcomes)).toEqual(new Set([true, false]));
    expect(await strikes()).toEqual(outcomes);
  });
});
