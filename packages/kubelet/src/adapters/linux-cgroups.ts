import * as fs from "node:fs/promises";
import type { CgroupManager, PodCgroup } from "../cgroups.ts";
import type { LinuxContainerResources } from "../container-runtime.ts";
import { hasErrorCode } from "../file-system.ts";

/** How control groups are mounted: one tree (v2), one for each controller (v1), or both with the controllers in v1 trees (hybrid). */
type CgroupMode = "v1" | "v2" | "hybrid";

/** The v1 controllers in which a Pod gets a group. */
const V1_CONTROLLERS: readonly string[] = ["cpu", "cpuset", "memory", "pids"];
const V2_CONTROLLERS: readonly string[] = ["cpuset", "cpu", "memory", "pids"];
/** A group is busy until the kernel has reaped its last process. */
const REMOVE_ATTEMPTS = 5;

/** How control groups are mounted below `root`. */
export async function detectCgroupMode(root = "/sys/fs/cgroup"): Promise<CgroupMode> {
  const exists = async (path: string): Promise<boolean> => (await fs.stat(path).catch(() => undefined)) !== undefined;
  if (await exists(`${root}/cgroup.controllers`)) return "v2";
  return (await exists(`${root}/unified/cgroup.controllers`)) ? "hybrid" : "v1";
}

/**
 * Control groups by their files (the `cgroupfs` driver). Needs root. What the kernel lacks is left out. Everything lies
 * below the group `parent` (for example `/skiff/node-1`; empty: the root), so that nodes on one machine stay apart.
 */
export function linuxCgroups(mode: CgroupMode, parent = "", root = "/sys/fs/cgroup"): CgroupManager {
  const trees = mode === "v2" ? [root] : V1_CONTROLLERS.map((controller) => `${root}/${controller}`);
  return {
    async ensure(path, resources) {
      for (const tree of trees) {
        if ((await fs.stat(tree).catch(() => undefined)) === undefined) continue;
        if (mode === "v2") await ensureV2(tree, `${parent}${path}`, resources);
        else await ensureV1(tree, `${parent}${path}`, resources);
      }
    },
    async remove(path) {
      for (const tree of trees) await removeGroup(`${tree}${parent}${path}`);
    },
    async listPods() {
      const found = new Map<string, PodCgroup>();
      for (const tree of trees) {
        for (const group of ["/kubepods", "/kubepods/burstable", "/kubepods/besteffort"]) {
          const names = await fs.readdir(`${tree}${parent}${group}`).catch((): string[] => []);
          for (const name of names.filter((candidate) => candidate.startsWith("pod"))) {
            const path = `${group}/${name}`;
            found.set(path, { podUid: name.slice("pod".length), path });
          }
        }
      }
      return [...found.values()];
    },
  };
}

async function ensureV2(tree: string, path: string, resources: LinuxContainerResources): Promise<void> {
  let group = tree;
  for (const part of path.split("/").filter((step) => step !== "")) {
    // A controller works in a group only when its parent hands it down.
    for (const controller of V2_CONTROLLERS) await set(`${group}/cgroup.subtree_control`, `+${controller}`);
    group = `${group}/${part}`;
    await fs.mkdir(group, { recursive: true });
  }
  if (resources.cpuShares !== undefined) await set(`${group}/cpu.weight`, String(cpuWeight(resources.cpuShares)));
  const { cpuQuota = 0, cpuPeriod = 100_000, memoryLimitBytes = 0, pidsLimit = 0 } = resources;
  await set(`${group}/cpu.max`, cpuQuota > 0 ? `${cpuQuota} ${cpuPeriod}` : `max ${cpuPeriod}`);
  await set(`${group}/memory.max`, memoryLimitBytes > 0 ? String(memoryLimitBytes) : "max");
  if (pidsLimit > 0) await set(`${group}/pids.max`, String(pidsLimit));
}

/** Shares (2 to 262144) on the scale of v2 weights (1 to 10000), as the OCI runtimes convert them. */
export function cpuWeight(shares: number): number {
  return Math.min(10_000, Math.max(1, Math.trunc(1 + ((shares - 2) * 9999) / 262_142)));
}

async function ensureV1(tree: string, path: string, resources: LinuxContainerResources): Promise<void> {
  const controller = tree.slice(tree.lastIndexOf("/") + 1);
  let group = tree;
  for (const part of path.split("/").filter((step) => step !== "")) {
    const parent = group;
    group = `${group}/${part}`;
    await fs.mkdir(group, { recursive: true });
    if (controller !== "cpuset") continue;
    // A new cpuset is empty, and no process may enter it before it has been filled.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const own = (await fs.readFile(`${group}/${file}`, "utf8").catch(() => "")).trim();
      if (own === "") await set(`${group}/${file}`, (await fs.readFile(`${parent}/${file}`, "utf8").catch(() => "")).trim());
    }
  }
  const { cpuShares, cpuQuota = 0, cpuPeriod = 100_000, memoryLimitBytes = 0, pidsLimit = 0 } = resources;
  if (controller === "cpu") {
    if (cpuShares !== undefined) await set(`${group}/cpu.shares`, String(cpuShares));
    await set(`${group}/cpu.cfs_period_us`, String(cpuPeriod));
    await set(`${group}/cpu.cfs_quota_us`, String(cpuQuota > 0 ? cpuQuota : -1));
  }
  if (controller === "memory" && memoryLimitBytes > 0) await set(`${group}/memory.limit_in_bytes`, String(memoryLimitBytes));
  if (controller === "pids" && pidsLimit > 0) await set(`${group}/pids.max`, String(pidsLimit));
}

/** Writes one value. What this kernel, or the machine that contains us, does not allow is not worth failing a Pod for. */
async function set(file: string, value: string): Promise<void> {
  try {
    await fs.writeFile(file, value);
  } catch (error) {
    if (!hasErrorCode(error, "ENOENT", "EACCES", "EPERM", "EROFS", "EINVAL", "EBUSY", "ENOTSUP", "EOPNOTSUPP")) throw error;
  }
}

async function removeGroup(group: string): Promise<void> {
  const entries = await fs.readdir(group, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(`${group}/${entry.name}`);
  for (let attempt = 1; ; attempt++) {
    await killAll(group);
    try {
      await fs.rmdir(group);
      return;
    } catch (error) {
      if (hasErrorCode(error, "ENOENT")) return;
      if (!hasErrorCode(error, "EBUSY") || attempt === REMOVE_ATTEMPTS) throw error;
    }
  }
}

/** What is left in the group of a Pod that has ended are processes that its containers let slip. */
async function killAll(group: string): Promise<void> {
  const pids = await fs.readFile(`${group}/cgroup.procs`, "utf8").catch(() => "");
  for (const pid of pids.split("\n").map(Number)) {
    if (!(pid > 1)) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (!hasErrorCode(error, "ESRCH")) throw error;
    }
  }
}
