import { RuntimeError } from "@skiff/kubelet";
import { describe, expect, it } from "vitest";
import { CriRuntime } from "./cri-runtime.ts";
import type { GrpcChannel } from "./grpc-channel.ts";

/** A channel that answers by the method's name and writes down each call with its time limit. */
function channelWith(answers: Readonly<Record<string, unknown>>) {
  const calls: { readonly method: string; readonly timeoutMs: number | undefined }[] = [];
  const channel: GrpcChannel = {
    async call(type, _request, timeoutMs) {
      const method = type.path.slice(type.path.lastIndexOf("/") + 1);
      calls.push({ method, timeoutMs });
      const answer = answers[method];
      if (answer instanceof Error) throw answer;
      return type.response.decode(type.response.encode((answer ?? {}) as never));
    },
    stream: () => Promise.resolve(),
    close: () => {},
  };
  return { calls, runtime: new CriRuntime(channel, { timeoutMs: 100_000 }) };
}

const gone = new RuntimeError("NOT_FOUND", "gone");

describe("CriRuntime", () => {
  it("takes what is gone already as removed, and as undefined where a status is asked for", async () => {
    const methods = ["StopPodSandbox", "RemovePodSandbox", "StopContainer", "RemoveContainer", "RemoveImage"];
    const { runtime } = channelWith(Object.fromEntries([...methods, "ContainerStatus", "PodSandboxStatus"].map((name) => [name, gone])));
    await runtime.stopPodSandbox("a");
    await runtime.removePodSandbox("a");
    await runtime.stopContainer("a", 1);
    await runtime.removeContainer("a");
    await runtime.removeImage("a");
    expect(await runtime.containerStatus("a")).toBeUndefined();
    expect(await runtime.podSandboxStatus("a")).toBeUndefined();
  });

  it("passes every other failure on", async () => {
    const { runtime } = channelWith({ StopContainer: new RuntimeError("UNAVAILABLE", "down"), StartContainer: gone });
    await expect(runtime.stopContainer("a", 1)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(runtime.startContainer("a")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("gives each call its time", async () => {
    const { runtime, calls } = channelWith({});
    await runtime.listPodSandboxes();
    await runtime.stopContainer("a", 30);
    await runtime.execSync("a", ["ls"], 5);
    await runtime.execSync("a", ["ls"], 0);
    await runtime.pullImage("a", undefined, undefined);
    expect(calls.map(({ timeoutMs }) => timeoutMs)).toEqual([100_000, 130_000, 105_000, undefined, undefined]);
  });

  it("looks up the sandbox of a container once", async () => {
    const { runtime, calls } = channelWith({
      ContainerStatus: {
        status: { id: "c", metadata: { name: "main" }, state: "CONTAINER_RUNNING", createdAt: 1_700_000_000_123_456_800 },
      },
      ListContainers: { containers: [{ id: "c", podSandboxId: "s", metadata: { name: "main" } }] },
    });
    expect(await runtime.containerStatus("c")).toMatchObject({ podSandboxId: "s", createdAtNs: 1_700_000_000_123_456_800 });
    await runtime.containerStatus("c");
    expect(calls.map(({ method }) => method)).toEqual(["ContainerStatus", "ListContainers", "ContainerStatus"]);
  });

  it("answers the primary address first", async () => {
    const network = { ip: "10.0.0.2", additionalIps: [{ ip: "fd00::2" }] };
    const { runtime } = channelWith({ PodSandboxStatus: { status: { id: "s", metadata: { name: "pod" }, network } } });
    expect((await runtime.podSandboxStatus("s"))?.ips).toEqual(["10.0.0.2", "fd00::2"]);
  });

  it("says what is missing in an answer that breaks the protocol", async () => {
    const { runtime } = channelWith({ PodSandboxStatus: {} });
    await expect(runtime.podSandboxStatus("s")).rejects.toMatchObject({ code: "INTERNAL" });
  });
});
