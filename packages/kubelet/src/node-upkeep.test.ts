import type { Node, Pod } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { rankForEviction, shortages } from "./eviction.ts";
import { rotateLogs } from "./logs/log-rotation.ts";
import { simulatedNodeFacts, type MachineUsage } from "./node-facts.ts";
import { TestNode } from "./testing/test-node.ts";

describe("a node that runs short", () => {
  const GI = 2 ** 30;

  it("says so, evicts the greediest Pod, and recovers after five minutes", async () => {
    let availableBytes = 8 * GI;
    const base = simulatedNodeFacts();
    const facts = {
      ...base,
      usage: async (): Promise<MachineUsage> => ({ ...(await base.usage()), memoryAvailableBytes: availableBytes }),
    };
    const node = new TestNode({ behaviours: [{ match: { container: "greedy" }, memoryWorkingSetBytes: 4 * GI }] }, { facts });
    await node.start();
    await node.run("modest", { containers: [{ name: "modest", image: "a:1" }] });
    await node.run("greedy", { containers: [{ name: "greedy", image: "a:1" }] });
    availableBytes = 50 * 2 ** 20;
    await node.clock.advance("11s");
    availableBytes = 4 * GI;
    await node.clock.advance("5s");
    expect(node.pod("greedy")?.status).toMatchObject({
      phase: "Failed",
      reason: "Evicted",
      message: "The node was low on resource: memory. Threshold quantity: 102400Ki, available: 51200Ki. ",
    });
    expect(node.pod("modest")?.status?.phase).toBe("Running");
    const pressure = (): string | undefined =>
      (node.api.get("/api/v1/nodes/node-1") as Node).status?.conditions?.find(({ type }) => type === "MemoryPressure")?.status;
    expect(pressure()).toBe("True");
    await node.run("late", {});
    expect(node.pod("late")?.status).toMatchObject({ phase: "Failed", reason: "Evicted" });
    await node.clock.advance("6m");
    expect(pressure()).toBe("False");
  });

  it("ranks by use above the request, then by priority", () => {
    const pod = (name: string, priority: number, request: string): Pod => ({
      metadata: { name },
      spec: { priority, containers: [{ name: "c", resources: { requests: { memory: request } } }] },
    });
    const candidates = [
      { pod: pod("within", 0, "2Gi"), used: GI },
      { pod: pod("above-important", 100, "1Gi"), used: 3 * GI },
      { pod: pod("above", 0, "1Gi"), used: 2 * GI },
      { pod: pod("critical", 2_000_000_000, "0"), used: 9 * GI },
    ];
    const names = rankForEviction(candidates, "memory").map((candidate) => candidate.pod.metadata?.name);
    expect(names).toEqual(["above", "above-important", "within"]);
  });

  it("counts inodes only where the file system does", async () => {
    const usage = await simulatedNodeFacts({}, { fsInodes: 0, fsInodesFree: 0 }).usage();
    expect(shortages(usage)).toEqual([]);
    expect(shortages({ ...usage, fsAvailableBytes: usage.fsCapacityBytes / 20 })).toMatchObject([{ resource: "ephemeral-storage" }]);
  });
});

describe("logs", () => {
  it("are rotated when they are too large, and the oldest go", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {});
    const [container] = await node.runtime.listContainers();
    const path = (await node.runtime.containerStatus(container!.id))!.logPath;
    const directory = path.slice(0, path.lastIndexOf("/"));
    const parts = { clock: node.clock, fileSystem: node.fileSystem, runtime: node.runtime, onError: () => {} };
    for (let round = 0; round < 6; round++) {
      node.fileSystem.appendFile(path, new Uint8Array(2000));
      await rotateLogs(parts, { maxSizeBytes: 1000, maxFiles: 3 });
      await node.clock.advance("1s");
    }
    const names = await node.fileSystem.readDirectory(directory);
    expect(names.filter((name) => name !== "0.log")).toHaveLength(2);
  });

  it("keep their name when the runtime does not reopen them", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {});
    const [container] = await node.runtime.listContainers();
    const path = (await node.runtime.containerStatus(container!.id))!.logPath;
    node.fileSystem.appendFile(path, new Uint8Array(2000));
    node.runtime.inject({ operation: "reopenContainerLog", effect: { kind: "error" } });
    const failures: string[] = [];
    const parts = {
      clock: node.clock,
      fileSystem: node.fileSystem,
      runtime: node.runtime,
      onError: (id: string) => void failures.push(id),
    };
    await rotateLogs(parts, { maxSizeBytes: 1000, maxFiles: 3 });
    expect(failures).toEqual([container!.id]);
    expect((await node.fileSystem.stat(path))?.sizeBytes).toBe(2000);
  });
});
