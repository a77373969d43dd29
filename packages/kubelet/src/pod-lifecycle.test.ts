import type { ContainerStatus, Node, Pod } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { TestNode } from "./testing/test-node.ts";

const app = (name: string, more: object = {}): { name: string; image: string } => ({ name, image: `example.com/${name}:1`, ...more });

function status(node: TestNode, container = "main", pod = "web"): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = node.pod(pod)?.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container);
}

describe("restarts", () => {
  it("restarts a container that ends at once, then backs off 10 s, 20 s, 40 s", async () => {
    const node = new TestNode({ behaviours: [{ exitAfterMs: 1000, exitCode: 3 }] });
    await node.start();
    await node.run("web", {});
    await node.clock.advance("1500ms");
    expect(status(node)).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 3, reason: "Error" } } });
    await node.clock.advance("1s");
    expect(status(node)?.state?.waiting?.reason).toBe("CrashLoopBackOff");
    expect(status(node)?.state?.waiting?.message).toMatch(/^back-off 10s restarting failed container=main pod=web_default\(uid-web-\d+\)$/);
    expect(node.pod("web")?.status?.phase).toBe("Running");
    await node.clock.advance("10s");
    expect(status(node)?.restartCount).toBe(2);
    await node.clock.advance("1500ms");
    expect(status(node)?.state?.waiting?.message).toMatch(/^back-off 20s /);
    await node.clock.advance("20s");
    expect(status(node)?.restartCount).toBe(3);
    expect(node.events()).toContain(
      `BackOff: Back-off restarting failed container main in pod web_default(${node.pod("web")?.metadata?.uid})`,
    );
  });

  it("replaces a container whose image has changed, without the Pod being seen not ready", async () => {
    const node = new TestNode({ behaviours: [{ stopDelayMs: 200, startDelayMs: 500 }] });
    await node.start();
    await node.run("web", { terminationGracePeriodSeconds: 1 });
    await node.clock.advance("1s");
    const pod = node.pod("web")!;
    expect(status(node)).toMatchObject({ ready: true, restartCount: 0 });
    const seen: (string | undefined)[] = [];
    await node.api.watch({ method: "GET", path: "/api/v1/pods" }, (events) => {
      for (const { object } of events)
        seen.push((object as Pod).status?.conditions?.find(({ type }) => type === "ContainersReady")?.status);
    });
    const containers = pod.spec!.containers.map((container) => ({ ...container, image: "example.com/other:2" }));
    node.api.put("/api/v1/namespaces/default/pods/web", { ...pod, spec: { ...pod.spec, containers } } as Pod);
    await node.clock.advance("3s");
    expect(status(node)).toMatchObject({ ready: true, restartCount: 1, image: "example.com/other:2", lastState: { terminated: {} } });
    expect(new Set(seen.filter((value) => value !== undefined))).toEqual(new Set(["True"]));
  });

  it.each([
    { policy: "Never", exitCode: 0, phase: "Succeeded", reason: "PodCompleted", restarts: 0 },
    { policy: "Never", exitCode: 1, phase: "Failed", reason: "PodFailed", restarts: 0 },
    { policy: "OnFailure", exitCode: 0, phase: "Succeeded", reason: "PodCompleted", restarts: 0 },
    { policy: "OnFailure", exitCode: 1, phase: "Running", reason: "ContainersNotReady", restarts: 1 },
    { policy: "Always", exitCode: 0, phase: "Running", reason: "ContainersNotReady", restarts: 1 },
  ])("$policy and exit code $exitCode: $phase", async ({ policy, exitCode, phase, reason, restarts }) => {
    const node = new TestNode({ behaviours: [{ exitAfterMs: 2000, exitCode }] });
    await node.start();
    await node.run("web", { restartPolicy: policy });
    await node.clock.advance("9s");
    expect(node.pod("web")?.status?.phase).toBe(phase);
    expect(node.pod("web")?.status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({ status: "False", reason });
    expect(status(node)?.restartCount).toBe(restarts);
  });

  it("keeps the status of a Pod that has ended across a restart, and starts nothing of it", async () => {
    const node = new TestNode({ behaviours: [{ exitAfterMs: 1000 }] });
    await node.start();
    await node.run("web", { restartPolicy: "Never" });
    await node.clock.advance("5s");
    const before = node.pod("web")?.status;
    expect(before?.phase).toBe("Succeeded");
    await node.restart();
    await node.clock.advance("5m");
    expect(node.pod("web")?.status).toEqual(before);
    expect(await node.runtime.listContainers()).toHaveLength(1);
  });

  it("makes a new sandbox when the old one died, and starts the containers in it", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {});
    const [sandbox] = await node.runtime.listPodSandboxes();
    node.runtime.killSandbox(sandbox!.id);
    await node.clock.advance("2m");
    const ready = (await node.runtime.listPodSandboxes()).filter(({ state }) => state === "SANDBOX_READY");
    expect(ready.map(({ metadata }) => metadata.attempt)).toEqual([1]);
    expect(status(node)).toMatchObject({ restartCount: 1, ready: true });
    expect(node.events()).toContain("SandboxChanged: Pod sandbox changed, it will be killed and re-created.");
  });

  it("starts everything again after the machine was restarted", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {});
    await node.kubelet.stop();
    node.runtime.reboot();
    await node.restart();
    await node.clock.advance("1m");
    expect(status(node)).toMatchObject({ ready: true, restartCount: 1, lastState: { terminated: { exitCode: 255 } } });
  });
});

describe("init containers", () => {
  it("run one after the other, then the app containers", async () => {
    const node = new TestNode({
      behaviours: [
        { match: { container: "one" }, exitAfterMs: 2000 },
        { match: { container: "two" }, exitAfterMs: 2000 },
      ],
    });
    await node.start();
    await node.run("web", { initContainers: [app("one"), app("two")], containers: [app("main")] });
    expect(status(node, "one")?.state?.running).toBeDefined();
    expect(status(node, "two")?.state?.waiting?.reason).toBe("PodInitializing");
    expect(node.pod("web")?.status?.phase).toBe("Pending");
    expect(node.pod("web")?.status?.conditions?.find(({ type }) => type === "Initialized")).toMatchObject({
      status: "False",
      reason: "ContainersNotInitialized",
      message: "containers with incomplete status: [one two]",
    });
    await node.clock.advance("2500ms");
    expect(status(node, "one")?.state?.terminated?.reason).toBe("Completed");
    expect(status(node, "two")?.state?.running).toBeDefined();
    await node.clock.advance("2s");
    expect(status(node, "main")?.ready).toBe(true);
    expect(node.pod("web")?.status?.phase).toBe("Running");
  });

  it("fail the Pod when they may not be tried again", async () => {
    const node = new TestNode({ behaviours: [{ match: { container: "one" }, exitAfterMs: 1000, exitCode: 1 }] });
    await node.start();
    await node.run("web", { restartPolicy: "Never", initContainers: [app("one")], containers: [app("main")] });
    await node.clock.advance("5s");
    expect(node.pod("web")?.status?.phase).toBe("Failed");
    expect((await node.runtime.listContainers()).map(({ metadata }) => metadata.name)).toEqual(["one"]);
  });

  it("stay beside the app containers as sidecars, and do not keep a finished Pod going", async () => {
    const node = new TestNode({ behaviours: [{ match: { container: "main" }, exitAfterMs: 5000 }] });
    await node.start();
    await node.run("web", {
      restartPolicy: "Never",
      initContainers: [app("proxy", { restartPolicy: "Always" })],
      containers: [app("main")],
    });
    expect(status(node, "proxy")).toMatchObject({ started: true, ready: true });
    expect(status(node, "main")?.state?.running).toBeDefined();
    await node.clock.advance("10s");
    expect(node.pod("web")?.status?.phase).toBe("Succeeded");
    expect(status(node, "proxy")?.state?.terminated).toBeDefined();
  });

  it("hold the next container back until a sidecar's startup probe succeeds", async () => {
    const probe = { httpGet: { port: 80, path: "/" }, periodSeconds: 1, failureThreshold: 60 };
    const node = new TestNode({ behaviours: [{ match: { container: "proxy" }, listen: { fromMs: 5000 } }] });
    await node.start();
    await node.run("web", { initContainers: [app("proxy", { restartPolicy: "Always", startupProbe: probe })], containers: [app("main")] });
    await node.clock.advance("4s");
    expect(status(node, "main")?.state?.waiting?.reason).toBe("PodInitializing");
    await node.clock.advance("3s");
    expect(status(node, "main")?.state?.running).toBeDefined();
  });
});

describe("probes", () => {
  it("make a container ready and unready", async () => {
    const readinessProbe = { httpGet: { port: 8080, path: "/ready" }, periodSeconds: 5, failureThreshold: 2 };
    const node = new TestNode({ behaviours: [{ http: [{ status: 503, fromMs: 20_000 }], listen: { fromMs: 7000 } }] });
    await node.start();
    await node.run("web", { containers: [app("main", { readinessProbe })] });
    await node.clock.advance("6s");
    expect(status(node)?.ready).toBe(false);
    await node.clock.advance("6s");
    expect(status(node)?.ready).toBe(true);
    await node.clock.advance("10s");
    expect(status(node)?.ready).toBe(true);
    await node.clock.advance("5s");
    expect(status(node)?.ready).toBe(false);
    expect(node.events()).toContain("Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503");
  });

  it("find a container ready after a restart of the kubelet that was ready before, until they fail", async () => {
    const readinessProbe = { httpGet: { port: 8080, path: "/ready" }, periodSeconds: 5, failureThreshold: 2, initialDelaySeconds: 30 };
    const startupProbe = { exec: { command: ["begun"] }, periodSeconds: 1 };
    const behaviour = { http: [{ status: 503, fromMs: 40_000 }], exec: [{ command: "begun", exitCode: 1, fromMs: 32_000 }] };
    const node = new TestNode({ behaviours: [behaviour] });
    await node.start();
    await node.run("web", { containers: [app("main", { readinessProbe, startupProbe })] });
    await node.clock.advance("33s");
    expect(status(node)).toMatchObject({ started: true, ready: true });
    const resourceVersion = node.pod("web")?.metadata?.resourceVersion;
    await node.restart();
    await node.clock.advance("1s");
    expect(node.pod("web")?.metadata?.resourceVersion).toBe(resourceVersion);
    await node.clock.advance("20s");
    expect(status(node)).toMatchObject({ started: true, ready: false, restartCount: 0 });
  });

  it("restart a container that is no longer alive", async () => {
    const livenessProbe = { exec: { command: ["check"] }, periodSeconds: 5, failureThreshold: 3 };
    const node = new TestNode({ behaviours: [{ exec: [{ command: "check", exitCode: 1, stderr: "no\n", fromMs: 10_000 }] }] });
    await node.start();
    await node.run("web", { containers: [app("main", { livenessProbe })] });
    await node.clock.advance("19s");
    expect(status(node)?.restartCount).toBe(0);
    await node.clock.advance("3s");
    expect(status(node)).toMatchObject({ restartCount: 1, state: { running: {} } });
    expect(node.events()).toContain("Killing: Container main failed liveness probe, will be restarted");
    expect(node.events()).toContain("Unhealthy: Liveness probe failed: no\n");
  });
});

describe("images", () => {
  it("are pulled when they are missing, without holding anything up", async () => {
    const node = new TestNode({ images: [{ image: "*", present: false, pullDelayMs: 5000, sizeBytes: 1234 }] });
    await node.start();
    await node.run("web", {});
    await node.clock.advance("1s");
    expect(status(node)?.state?.waiting?.reason).toBe("ContainerCreating");
    await node.clock.advance("5s");
    expect(status(node)?.state?.running).toBeDefined();
    expect(node.events().slice(0, 2)).toEqual([
      `Pulling: Pulling image "example.com/app:1"`,
      `Pulled: Successfully pulled image "example.com/app:1" in 5s (5s including waiting). Image size: 1234 bytes.`,
    ]);
  });

  it("that cannot be pulled are tried again with growing delays", async () => {
    const node = new TestNode({ images: [{ image: "*", present: false, pullError: { message: "no such image" } }] });
    await node.start();
    await node.run("web", {});
    expect(status(node)?.state?.waiting?.reason).toBe("ErrImagePull");
    await node.clock.advance("10500ms");
    expect(node.eventCount("Pulling")).toBe(2);
    await node.clock.advance("12s");
    expect(status(node)?.state?.waiting?.reason).toBe("ImagePullBackOff");
    expect(status(node)?.state?.waiting?.message).toMatch(/^Back-off pulling image "example.com\/app:1": ErrImagePull: /);
  });

  it.each([
    { image: "UPPER", policy: "Always", reason: "InvalidImageName" },
    { image: "missing:1", policy: "Never", reason: "ErrImageNeverPull" },
  ])("$image: $reason", async ({ image, policy, reason }) => {
    const node = new TestNode({ images: [{ image: "missing*", present: false }] });
    await node.start();
    await node.run("web", { containers: [{ name: "main", image, imagePullPolicy: policy }] });
    expect(status(node)?.state?.waiting?.reason).toBe(reason);
  });
});

describe("the end of a Pod", () => {
  it("waits for the preStop hook and the process, within the grace period", async () => {
    const node = new TestNode({ behaviours: [{ stopDelayMs: 4000, stopExitCode: 0 }] });
    await node.start();
    await node.run("web", { containers: [app("main", { lifecycle: { preStop: { sleep: { seconds: 5 } } } })] });
    node.delete("web");
    await node.clock.advance("8s");
    expect(status(node)?.state?.running).toBeDefined();
    await node.clock.advance("2s");
    expect(node.pod("web")).toBeUndefined();
  });

  it("kills what ignores the signal", async () => {
    const node = new TestNode({ behaviours: [{ ignoresStopSignal: true }] });
    await node.start();
    await node.run("web", { terminationGracePeriodSeconds: 10 });
    node.delete("web");
    await node.clock.advance("9s");
    expect(node.pod("web")).toBeDefined();
    await node.clock.advance("2s");
    expect(node.pod("web")).toBeUndefined();
  });

  it("comes sooner when the grace period is shortened", async () => {
    const node = new TestNode({ behaviours: [{ ignoresStopSignal: true }] });
    await node.start();
    await node.run("web", { terminationGracePeriodSeconds: 600 });
    node.delete("web");
    await node.clock.advance("5s");
    node.delete("web", 1);
    await node.clock.advance("3s");
    expect(node.pod("web")).toBeUndefined();
  });

  it("comes with the active deadline", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", { activeDeadlineSeconds: 20 });
    await node.clock.advance("25s");
    expect(node.pod("web")?.status).toMatchObject({ phase: "Failed", reason: "DeadlineExceeded" });
    expect(status(node)?.state?.terminated?.exitCode).toBe(143);
  });

  it("stops sidecars after the app containers", async () => {
    const node = new TestNode({ behaviours: [{ match: { container: "main" }, stopDelayMs: 3000 }] });
    await node.start();
    await node.run("web", { initContainers: [app("proxy", { restartPolicy: "Always" })], containers: [app("main")] });
    node.delete("web");
    await node.clock.advance("2s");
    const running = async (): Promise<string[]> =>
      (await node.runtime.listContainers()).filter(({ state }) => state === "CONTAINER_RUNNING").map(({ metadata }) => metadata.name);
    expect(await running()).toEqual(expect.arrayContaining(["main", "proxy"]));
    await node.clock.advance("2s");
    expect(await running()).toEqual([]);
    expect(node.pod("web")).toBeUndefined();
  });
});

describe("hooks", () => {
  it("hold the container back until postStart has finished", async () => {
    const node = new TestNode({ behaviours: [{ exec: [{ command: "hook", delayMs: 3000 }] }] });
    await node.start();
    await node.run("web", { containers: [app("main", { lifecycle: { postStart: { exec: { command: ["hook"] } } } })] });
    expect(status(node)?.state?.waiting?.reason).toBe("ContainerCreating");
    await node.clock.advance("4s");
    expect(status(node)?.state?.running).toBeDefined();
  });

  it("restart the container when postStart fails", async () => {
    const node = new TestNode({ behaviours: [{ match: { attemptBelow: 1 }, exec: [{ command: "hook", exitCode: 1 }] }] });
    await node.start();
    await node.run("web", { containers: [app("main", { lifecycle: { postStart: { exec: { command: ["hook"] } } } })] });
    await node.clock.advance("15s");
    expect(node.events()).toContain("FailedPostStartHook: PostStartHook failed");
    expect(status(node)).toMatchObject({ restartCount: 1, ready: true });
  });
});

describe("admission", () => {
  it.each<{ why: string; spec: object; reason: string }>([
    { why: "too much CPU", spec: { containers: [app("main", { resources: { requests: { cpu: "64" } } })] }, reason: "OutOfcpu" },
    { why: "another node's label", spec: { nodeSelector: { disk: "ssd" } }, reason: "NodeAffinity" },
  ])("refuses a Pod for $why", async ({ spec, reason }) => {
    const node = new TestNode();
    await node.start();
    await node.run("web", spec as NonNullable<Pod["spec"]>);
    expect(node.pod("web")?.status).toMatchObject({ phase: "Failed", reason });
    expect(await node.runtime.listPodSandboxes()).toEqual([]);
    node.delete("web");
    await node.clock.advance("1s");
    expect(node.pod("web")).toBeUndefined();
  });

  it("gives a place to one of two Pods that come at once", async () => {
    const node = new TestNode();
    await node.start();
    const cpu = Number((node.api.get("/api/v1/nodes/node-1") as Node).status?.allocatable?.["cpu"]);
    const resources = { requests: { cpu: String(cpu / 2 + 1) } };
    await Promise.all(["one", "two"].map((name) => node.run(name, { containers: [app("main", { resources })] })));
    expect([node.pod("one")?.status?.phase, node.pod("two")?.status?.phase]).toEqual(["Running", "Failed"]);
    expect(node.pod("two")?.status?.message).toMatch(/^Pod was rejected: Node didn't have enough resource: cpu, /);
  });

  it("ends what it ran before, and would not take on again after a restart", async () => {
    const node = new TestNode();
    await node.start();
    const label = (labels: Record<string, string>): void => {
      const object = node.api.get("/api/v1/nodes/node-1") as Node;
      node.api.put("/api/v1/nodes/node-1", {
        ...object,
        metadata: { ...object.metadata, labels: { ...object.metadata?.labels, ...labels } },
      });
    };
    label({ disk: "ssd" });
    await node.clock.advance("1s");
    await node.run("web", { nodeSelector: { disk: "ssd" } });
    expect(node.pod("web")?.status?.phase).toBe("Running");
    label({ disk: "hdd" });
    await node.restart();
    await node.clock.advance("1m");
    expect(node.pod("web")?.status).toMatchObject({ phase: "Failed", reason: "NodeAffinity" });
    expect((await node.runtime.listContainers()).filter(({ state }) => state === "CONTAINER_RUNNING")).toEqual([]);
  });

  it("refuses a Pod that came past the scheduler to a node whose taints would evict it", async () => {
    const node = new TestNode();
    await node.start();
    const taint = async (effect: string): Promise<void> => {
      const object = node.api.get("/api/v1/nodes/node-1") as Node;
      const tainted: Node = { ...object, spec: { ...object.spec, taints: [{ key: "example.com/broken", effect }] } };
      node.api.put("/api/v1/nodes/node-1", tainted);
      await node.clock.advance("1s");
    };
    await taint("NoExecute");
    await node.run("web", {});
    await node.run("tolerant", { tolerations: [{ key: "example.com/broken", operator: "Exists" }] });
    expect(node.pod("web")?.status).toMatchObject({
      phase: "Failed",
      reason: "TaintToleration",
      message: "Pod was rejected: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    });
    expect(node.pod("tolerant")?.status?.phase).toBe("Running");
    await taint("NoSchedule");
    await node.run("bound", {});
    expect(node.pod("bound")?.status?.phase).toBe("Running");
  });
});

describe("a resize in place", () => {
  const resize = (node: TestNode, cpu: string): void => {
    const pod = node.pod("web")!;
    const containers = pod.spec!.containers.map((container) => ({ ...container, resources: { requests: { cpu } } }));
    node.api.put("/api/v1/namespaces/default/pods/web", { ...pod, spec: { ...pod.spec, containers } } as Pod);
  };

  it("changes a running container, and says so", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", { containers: [app("main", { resources: { requests: { cpu: "100m" } } })] });
    expect(status(node)).toMatchObject({ allocatedResources: { cpu: "100m" }, resources: { requests: { cpu: "100m" } } });
    resize(node, "200m");
    await node.clock.advance("1s");
    expect(status(node)).toMatchObject({ allocatedResources: { cpu: "200m" }, restartCount: 0 });
  });

  it("restarts the container when its policy asks for that", async () => {
    const node = new TestNode();
    await node.start();
    const resizePolicy = [{ resourceName: "cpu", restartPolicy: "RestartContainer" }];
    await node.run("web", { containers: [app("main", { resources: { requests: { cpu: "100m" } }, resizePolicy })] });
    resize(node, "200m");
    await node.clock.advance("1s");
    expect(status(node)).toMatchObject({ allocatedResources: { cpu: "200m" }, restartCount: 1 });
  });

  it("waits when the node has not enough", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", { containers: [app("main", { resources: { requests: { cpu: "100m" } } })] });
    resize(node, "64");
    await node.clock.advance("1s");
    expect(status(node)?.allocatedResources).toEqual({ cpu: "100m" });
    expect(node.pod("web")?.status?.conditions?.find(({ type }) => type === "PodResizePending")).toMatchObject({ reason: "Infeasible" });
    resize(node, "300m");
    await node.clock.advance("1s");
    expect(node.pod("web")?.status?.conditions?.some(({ type }) => type === "PodResizePending")).toBe(false);
  });
});
