import { statusError, type Node } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { TestNode } from "./testing/test-node.ts";

const ready = (node: TestNode): string | undefined =>
  (node.api.get("/api/v1/nodes/node-1") as Node).status?.conditions?.find(({ type }) => type === "Ready")?.status;

describe("without the runtime", () => {
  it("the node is not ready, and Pods go on as if nothing had happened once it is back", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {});
    const before = node.pod("web")?.status?.containerStatuses?.[0]?.containerID;
    node.runtime.crash();
    await node.clock.advance("15s");
    expect(ready(node)).toBe("False");
    node.delete("web", 5);
    await node.run("late", {});
    await node.clock.advance("1m");
    expect(node.pod("web")?.status?.containerStatuses?.[0]?.containerID).toBe(before);
    node.runtime.restart();
    await node.clock.advance("30s");
    expect(ready(node)).toBe("True");
    expect(node.pod("web")).toBeUndefined();
    expect(node.pod("late")?.status?.phase).toBe("Running");
  });

  it.each(["createContainer", "startContainer", "runPodSandbox", "listContainers"] as const)(
    "a single failure of %s is made up for",
    async (operation) => {
      const node = new TestNode();
      await node.start();
      node.runtime.inject({ operation, times: 1, effect: { kind: "error", message: "out of luck" } });
      await node.run("web", {});
      await node.clock.advance("30s");
      expect(node.pod("web")?.status?.containerStatuses?.[0]).toMatchObject({ ready: true });
    },
  );

  it("an answer that got lost does not start a container twice", async () => {
    const node = new TestNode();
    await node.start();
    node.runtime.inject({ operation: "startContainer", times: 1, effect: { kind: "error", performed: true } });
    await node.run("web", {});
    await node.clock.advance("30s");
    const running = (await node.runtime.listContainers()).filter(({ state }) => state === "CONTAINER_RUNNING");
    expect(running).toHaveLength(1);
    expect(node.pod("web")?.status?.containerStatuses?.[0]).toMatchObject({ ready: true, restartCount: 0 });
  });

  it("a lost event is made up for by listing", async () => {
    const node = new TestNode({ behaviours: [{ exitAfterMs: 5000 }] });
    await node.start();
    node.runtime.inject({ operation: "event", effect: { kind: "lose" } });
    await node.run("web", { restartPolicy: "Never" });
    await node.clock.advance("90s");
    expect(node.pod("web")?.status?.phase).toBe("Succeeded");
  });
});

describe("without the API", () => {
  it("statuses are written once it is back, and the last one wins", async () => {
    const node = new TestNode({ behaviours: [{ exitAfterMs: 5000 }] });
    await node.start();
    node.api.intercept = ({ method }) => {
      if (method === "PATCH") throw statusError("ServiceUnavailable", "not now");
      return undefined;
    };
    await node.run("web", { restartPolicy: "Never" });
    await node.clock.advance("20s");
    expect(node.pod("web")?.status?.phase).toBe("Pending");
    node.api.intercept = undefined;
    await node.clock.advance("15s");
    expect(node.pod("web")?.status?.phase).toBe("Succeeded");
  });

  it("a Pod is replaced by another of its name without mixing the two up", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {}, { uid: "first" });
    node.delete("web", 0);
    await node.run("web", {}, { uid: "second" });
    await node.clock.advance("40s");
    expect(node.pod("web")).toMatchObject({ metadata: { uid: "second" }, status: { phase: "Running" } });
    expect((await node.runtime.listPodSandboxes()).map(({ metadata }) => metadata.uid)).toEqual(["second"]);
  });

  it("a termination goes on after a restart in the middle of it", async () => {
    const node = new TestNode({ behaviours: [{ stopDelayMs: 10_000 }] });
    await node.start();
    await node.run("web", {});
    node.delete("web");
    await node.clock.advance("2s");
    await node.restart();
    await node.clock.advance("30s");
    expect(node.pod("web")).toBeUndefined();
    expect(await node.runtime.listContainers()).toEqual([]);
  });
});
