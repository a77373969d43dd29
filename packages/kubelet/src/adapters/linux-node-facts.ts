import * as fs from "node:fs/promises";
import * as os from "node:os";
import type { MachineInfo, MachineUsage, NodeFacts } from "../node-facts.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64", arm: "arm", s390x: "s390x", ppc64: "ppc64le" };

/** Facts of this Linux machine. `root` is a directory on the file system that holds the kubelet's files. */
export function linuxNodeFacts(root: string): NodeFacts {
  return {
    machine: readMachine,
    usage: () => readUsage(root),
    resolvConf: async () => {
      // With systemd-resolved the usual file names a stub on the loopback address, which Pods cannot reach.
      const text = await readText("/etc/resolv.conf");
      if (!/^nameserver\s+127\.0\.0\.53\b/m.test(text)) return text;
      return (await readText("/run/systemd/resolve/resolv.conf")) || text;
    },
    hostsFile: () => readText("/etc/hosts"),
  };
}

async function readMachine(): Promise<MachineInfo> {
  const release = await readText("/etc/os-release");
  const machineId = (await readText("/etc/machine-id")).trim();
  return {
    machineId,
    systemUuid: (await readText("/sys/class/dmi/id/product_uuid")).trim() || machineId,
    bootId: (await readText("/proc/sys/kernel/random/boot_id")).trim(),
    kernelVersion: os.release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?/m.exec(release)?.[1] ?? "Linux",
    operatingSystem: os.platform(),
    architecture: ARCHITECTURES[os.arch()] ?? os.arch(),
    cpuCount: os.cpus().length || 1,
    memoryBytes: await memoryLimit(),
  };
}

/** The machine's memory, or that of the container which this process runs in, if that has less. */
async function memoryLimit(): Promise<number> {
  const limits = await Promise.all([readText("/sys/fs/cgroup/memory.max"), readText("/sys/fs/cgroup/memory/memory.limit_in_bytes")]);
  const numbers = limits.map((text) => Number.parseInt(text, 10)).filter((bytes) => bytes > 0);
  return Math.min(os.totalmem(), ...numbers);
}

async function readUsage(root: string): Promise<MachineUsage> {
  const [meminfo, stat, threadsMax, pidMax, loadavg] = await Promise.all(
    ["/proc/meminfo", "/proc/stat", "/proc/sys/kernel/threads-max", "/proc/sys/kernel/pid_max", "/proc/loadavg"].map(readText),
  );
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(meminfo ?? "")?.[1] ?? 0) * 1024;
  const fsStatus = await statfsOf(root);
  const available = field("MemAvailable");
  const ticks =
    /^cpu\s+(.*)$/m
      .exec(stat ?? "")?.[1]
      ?.split(/\s+/)
      .map(Number) ?? [];
  // User, nice and system time, in hundredths of a second.
  const busyTicks = (ticks[0] ?? 0) + (ticks[1] ?? 0) + (ticks[2] ?? 0);
  return {
    memoryAvailableBytes: available,
    memoryWorkingSetBytes: Math.max(0, field("MemTotal") - available),
    cpuUsageNs: busyTicks * 1e7,
    ...fsStatus,
    pidsMax: Math.min(Number(threadsMax) || Number.MAX_SAFE_INTEGER, Number(pidMax) || 32_768),
    pidsRunning: Number(/\/(\d+)/.exec(loadavg ?? "")?.[1] ?? 0),
  };
}

async function statfsOf(root: string): Promise<Pick<MachineUsage, "fsCapacityBytes" | "fsAvailableBytes" | "fsInodes" | "fsInodesFree">> {
  let path = root;
  for (;;) {
    try {
      const { bsize, blocks, bavail, files, ffree } = await fs.statfs(path);
      return { fsCapacityBytes: bsize * blocks, fsAvailableBytes: bsize * bavail, fsInodes: files, fsInodesFree: ffree };
    } catch (error) {
      // The directory comes with the first Pod; its parent is on the same file system.
      if (path === "/") throw error;
      path = path.slice(0, path.lastIndexOf("/")) || "/";
    }
  }
}

/** Empty when there is no such file, or it may not be read. */
async function readText(path: string): Promise<string> {
  return fs.readFile(path, "utf8").catch(() => "");
}
