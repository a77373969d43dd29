import { testHost } from "@skiff/base/testing";
import type { ContainerConfig, PodSandboxConfig } from "@skiff/kubelet";
import { MemoryFileSystem } from "@skiff/kubelet";
import { describe, expect, it } from "vitest";
import { FileLogSink } from "./file-log-sink.ts";
import { SimulatedProbeTransport } from "./simulated-probe-transport.ts";
import { SimulatedRuntime } from "./simulated-runtime.ts";

const SANDBOX = {
  metadata: { name: "pod", uid: "u", namespace: "default", attempt: 0 },
  logDirectory: "/logs",
  labels: {},
  annotations: {},
  linux: { namespaceOptions: { network: "POD" } },
} as PodSandboxConfig;

const CONTAINER = {
  metadata: { name: "main", attempt: 0 },
  image: { image: "app", userSpecifiedImage: "app" },
  command: [],
  args: [],
  labels: {},
  annotations: {},
  logPath: "main.log",
} as unknown as ContainerConfig;

async function start() {
  const host = testHost();
  const files = new MemoryFileSystem(() => host.clock.now());
  const runtime = new SimulatedRuntime(host, {
    podCidr: "10.0.0.0/24",
    logs: new FileLogSink(files),
    behaviours: [
      {
        logs: [{ text: "hello" }, { text: "trouble", stream: "stderr", afterMs: 1500 }],
        listen: { ports: [80] },
        http: [
          { path: "/slow", status: 200, delayMs: 5000 },
          { path: "/bad", status: 500 },
        ],
      },
    ],
  });
  const sandboxId = await runtime.runPodSandbox(SANDBOX);
  await files.makeDirectory("/logs");
  await runtime.startContainer(await runtime.createContainer(sandboxId, CONTAINER));
  return { clock: host.clock, files, probes: new SimulatedProbeTransport(runtime, host.clock) };
}

const get = (path: string, port = 80) => ({ scheme: "http" as const, host: "10.0.0.2", port, path, headers: [], timeoutMs: 1000 });

describe("FileLogSink", () => {
  it("writes the format of CRI", async () => {
    const { clock, files } = await start();
    await clock.advance(2000);
    expect(new TextDecoder().decode(await files.readFile("/logs/main.log"))).toBe(
      "2026-01-01T00:00:00.000000000Z stdout F hello\n2026-01-01T00:00:01.500000000Z stderr F trouble\n",
    );
  });
});

describe("SimulatedProbeTransport", () => {
  it.each([
    ["/", 80, "success", ""],
    ["/bad", 80, "failure", "HTTP probe failed with statuscode: 500"],
    ["/", 81, "failure", 'Get "http://10.0.0.2:81/": dial tcp 10.0.0.2:81: connect: connection refused'],
  ])("answers GET %s on port %i: %s", async (path, port, result, message) => {
    const { probes } = await start();
    expect(await probes.httpGet(get(path, port))).toEqual({ result, message });
  });

  it("gives up on a Pod that takes too long, at the deadline", async () => {
    const { probes, clock } = await start();
    const attempt = probes.httpGet(get("/slow"));
    await clock.advance(1000);
    expect(await attempt).toMatchObject({ result: "failure", message: expect.stringContaining("context deadline exceeded") as string });
  });

  it("connects where somebody listens", async () => {
    const { probes } = await start();
    expect(await probes.tcpConnect("10.0.0.2", 80)).toMatchObject({ result: "success" });
    expect(await probes.tcpConnect("10.0.0.2", 81)).toMatchObject({ result: "failure" });
    expect(await probes.grpcHealth("10.0.0.2", 80, "", 1000)).toMatchObject({ result: "success" });
    expect(await probes.grpcHealth("10.0.0.9", 80, "", 1000)).toMatchObject({ result: "failure" });
  });
});
