import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "@skiff/base";
import { ContainerdSupervisor, nodeHostFiles, NodeProcessSpawner } from "@skiff/cri";
import { afterEach, describe, expect, it } from "vitest";
import { busyboxImage } from "./images/busybox-image.ts";
import { type RunningPod, runPod } from "./run-pod.ts";
import { e2eHost, TestContainerd } from "./test-containerd.ts";

describe("a containerd of our own", () => {
  let containerd: TestContainerd | undefined;

  afterEach(async () => {
    await containerd?.remove();
    containerd = undefined;
  });

  it("is started again when it dies, and its containers run on", async () => {
    containerd = await TestContainerd.start("skiff-e2e-l", "10.99.2.0/24", [busyboxImage(["busybox"])]);
    const { containerId } = await runSleeper(containerd, "survivor");
    const before = await containerd.runtime.containerStatus(containerId);
    const { pid = 0 } = containerd.supervisor;
    process.kill(pid, "SIGKILL");
    await until(async () => ![undefined, pid].includes(containerd?.supervisor.pid));
    // The channel connects again by itself.
    await until(async () => (await containerd?.runtime.version().catch(() => undefined)) !== undefined);
    expect(await containerd.runtime.containerStatus(containerId)).toEqual(before);
    const { stdout } = await containerd.runtime.execSync(containerId, ["hostname"], 5);
    expect(new TextDecoder().decode(stdout)).toBe("survivor\n");
  });

  it("is taken over by the next life of its supervisor, and its containers can be stopped there", async () => {
    containerd = await TestContainerd.start("skiff-e2e-l", "10.99.2.0/24", [busyboxImage(["busybox"])]);
    const { runtime, directory, options, supervisor } = containerd;
    const { containerId } = await runSleeper(containerd, "adopted");
    const next = new ContainerdSupervisor(e2eHost(), {
      containerd: options,
      directory: `${directory}/containerd`,
      spawner: new NodeProcessSpawner(systemClock),
      files: nodeHostFiles,
      ping: () => runtime.version(),
    });
    const { pid } = supervisor;
    supervisor.release();
    await next.start();
    expect(next.pid).toBe(pid);
    await runtime.stopContainer(containerId, 1);
    expect((await runtime.containerStatus(containerId))?.state).toBe("CONTAINER_EXITED");
    await containerd.remove(true, next);
    containerd = undefined;
  });

  it("leaves nothing behind when it is removed without its help", async () => {
    const started = await TestContainerd.start("skiff-e2e-l", "10.99.2.0/24", [busyboxImage(["busybox"])]);
    await runSleeper(started, "orphan-a");
    await runSleeper(started, "orphan-b");
    expect(await tracesOf(started)).not.toEqual([]);
    await started.remove(false);
    expect(await tracesOf(started)).toEqual([]);
  });

  it("starts Pods quickly", async () => {
    containerd = await TestContainerd.start("skiff-e2e-l", "10.99.2.0/24", [busyboxImage(["busybox"])]);
    const phases: RunningPod[] = [];
    for (let index = 0; index < 8; index++) phases.push(await runSleeper(containerd, `timed-${index}`));
    const median = (pick: (phase: RunningPod) => number): number => phases.map(pick).sort((a, b) => a - b)[4] ?? 0;
    const figures = { sandboxMs: median((p) => p.sandboxMs), createMs: median((p) => p.createMs), startMs: median((p) => p.startMs) };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    // Far above what a small machine needs, so that only a real regression fails.
    expect(figures.sandboxMs + figures.createMs + figures.startMs).toBeLessThan(3000);
  });
});

function runSleeper(containerd: TestContainerd, name: string): Promise<RunningPod> {
  return runPod(containerd, { name, image: "busybox", command: ["sleep", "3600"] });
}

/** What of a containerd can still be seen on the machine: processes, mounts, sockets, control groups, its directory. */
async function tracesOf({ directory, cgroupParent, bridge }: TestContainerd): Promise<readonly string[]> {
  const processes = await new NodeProcessSpawner(systemClock).list();
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const groups = await readdir("/sys/fs/cgroup");
  return [
    ...processes.filter(({ commandLine }) => commandLine.some((word) => word.includes(directory))).map(({ pid }) => `process ${pid}`),
    ...mounts.filter((line) => line.includes(directory)),
    ...[".", ...groups].filter((group) => existsSync(`/sys/fs/cgroup/${group}${cgroupParent}`)),
    ...(existsSync(`/sys/class/net/${bridge}`) ? [bridge] : []),
    ...(existsSync(directory) ? [directory] : []),
  ];
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await done()) return;
    await delay(50);
  }
  throw new Error("not reached within 20 s");
}
