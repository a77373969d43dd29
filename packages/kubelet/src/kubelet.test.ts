import type { Lease, Node } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { TestNode } from "./testing/test-node.ts";

describe("the node", () => {
  it("registers itself and reports that it is ready", async () => {
    const node = new TestNode();
    await node.start();
    const object = node.api.get("/api/v1/nodes/node-1") as Node | undefined;
    expect(object?.metadata?.labels).toMatchObject({
      "kubernetes.io/hostname": "node-1",
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
    });
    expect(object?.status?.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ["MemoryPressure", "False", "KubeletHasSufficientMemory"],
      ["DiskPressure", "False", "KubeletHasNoDiskPressure"],
      ["PIDPressure", "False", "KubeletHasSufficientPID"],
      ["Ready", "True", "KubeletReady"],
    ]);
    expect(object?.status?.capacity).toMatchObject({ cpu: "4", memory: "16Gi", pods: "110" });
    expect(object?.status?.addresses).toEqual([
      { type: "InternalIP", address: "192.168.1.10" },
      { type: "Hostname", address: "node-1" },
    ]);
  });

  it("renews its lease every ten seconds", async () => {
    const node = new TestNode();
    await node.start();
    const lease = (): Lease | undefined => node.api.get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1");
    const first = lease()?.spec?.renewTime;
    expect(lease()?.spec).toMatchObject({ holderIdentity: "node-1", leaseDurationSeconds: 40 });
    await node.clock.advance("11s");
    expect(lease()?.spec?.renewTime).not.toBe(first);
  });

  it("sends its status every five minutes when nothing changes", async () => {
    const node = new TestNode();
    await node.start();
    const reports = (): number => node.api.writes.filter(({ path }) => path === "/api/v1/nodes/node-1/status").length;
    await node.clock.advance("20s");
    const before = reports();
    await node.clock.advance("4m");
    expect(reports()).toBe(before);
    await node.clock.advance("90s");
    expect(reports()).toBe(before + 1);
  });

  it("tells at once what happens while a report is under way", async () => {
    const node = new TestNode();
    await node.start();
    const ready = (): string | undefined =>
      (node.api.get("/api/v1/nodes/node-1") as Node).status?.conditions?.find(({ type }) => type === "Ready")?.status;
    node.runtime.crash();
    node.api.intercept = ({ method, path }) => {
      if (method !== "PATCH" || path !== "/api/v1/nodes/node-1/status") return;
      node.api.intercept = undefined;
      node.runtime.restart();
      node.kubelet.node.soon();
    };
    await node.clock.advance("12s");
    expect(node.api.intercept).toBeUndefined();
    expect(ready()).toBe("True");
  });
});

describe("a Pod", () => {
  it("runs, and its status says so", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {});
    const status = node.pod("web")?.status;
    expect(status).toMatchObject({ phase: "Running", hostIP: "192.168.1.10", podIPs: [{ ip: status?.podIP }] });
    expect(status?.podIP).toMatch(/^10\.244\.0\./);
    expect(status?.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
      "PodReadyToStartContainers=True",
      "Initialized=True",
      "Ready=True",
      "ContainersReady=True",
      "PodScheduled=True",
    ]);
    const [container] = status?.containerStatuses ?? [];
    expect(container).toMatchObject({ name: "main", ready: true, started: true, restartCount: 0 });
    expect(container?.containerID).toMatch(/^simulated:\/\//);
    expect(node.events()).toEqual([
      `Pulled: Container image "example.com/app:1" already present on machine and can be accessed by the pod`,
      "Created: Container created",
      "Started: Container started",
    ]);
  });

  it("costs one status write to start and none while nothing happens", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {});
    const writes = (): number => node.api.writes.filter(({ path }) => path.endsWith("/pods/web/status")).length;
    expect(writes()).toBe(1);
    await node.clock.advance("10m");
    expect(writes()).toBe(1);
  });

  it("is stopped, cleaned up and let go when it is deleted", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {});
    node.delete("web");
    await node.clock.advance("31s");
    expect(node.pod("web")).toBeUndefined();
    expect(await node.runtime.listContainers()).toEqual([]);
    expect(await node.runtime.listPodSandboxes()).toEqual([]);
    expect(await node.fileSystem.readDirectory("/var/lib/kubelet/pods")).toEqual([]);
    expect(await node.fileSystem.readDirectory("/var/log/pods")).toEqual([]);
    expect(node.events()).toContain("Killing: Stopping container main");
  });

  it("survives a restart of the kubelet untouched", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {});
    const before = node.pod("web")?.status?.containerStatuses?.[0]?.containerID;
    await node.restart();
    await node.clock.advance("2m");
    expect(node.pod("web")?.status?.containerStatuses?.[0]).toMatchObject({ containerID: before, restartCount: 0, ready: true });
    expect(await node.runtime.listContainers()).toHaveLength(1);
  });

  it("is ended when its object went while the kubelet was away", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {});
    await node.kubelet.stop();
    node.delete("web", 0);
    await node.restart();
    await node.clock.advance("1m");
    expect(await node.runtime.listContainers()).toEqual([]);
    expect(await node.runtime.listPodSandboxes()).toEqual([]);
  });
});
