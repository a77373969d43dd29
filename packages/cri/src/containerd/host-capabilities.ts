import type { HostFiles } from "../host/host-files.ts";
import type { ProcessSpawner } from "../host/process-spawner.ts";

/** The number of CAP_SYS_RESOURCE in `linux/capability.h`. */
const CAP_SYS_RESOURCE = 24n;

/** Mounting takes milliseconds; this is for a machine that hangs. */
const MOUNT_TIMEOUT_MS = 10_000;

/** Whether this process may lower `oom_score_adj`. Some sandboxes take CAP_SYS_RESOURCE away from root. */
export async function mayLowerOomScore(files: HostFiles): Promise<boolean> {
  const status = (await files.readText("/proc/self/status")) ?? "";
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && (BigInt(`0x${effective}`) & (1n << CAP_SYS_RESOURCE)) !== 0n;
}

/**
 * The snapshotter that works below `directory`, found out by mounting: an overlay file system cannot lie on every
 * other one, not on another overlay for example.
 */
export async function detectSnapshotter(files: HostFiles, spawner: ProcessSpawner, directory: string): Promise<"overlayfs" | "native"> {
  const base = `${directory}/overlay-check`;
  const path = (name: string): string => `${base}/${name}`;
  for (const name of ["lower", "upper", "work", "merged"]) await files.makeDirectory(path(name));
  try {
    const options = `lowerdir=${path("lower")},upperdir=${path("upper")},workdir=${path("work")}`;
    const mounted = await spawner.run("mount", ["-t", "overlay", "overlay", "-o", options, path("merged")], {
      timeoutMs: MOUNT_TIMEOUT_MS,
    });
    if (mounted.exitCode !== 0) return "native";
    await spawner.run("umount", [path("merged")], { timeoutMs: MOUNT_TIMEOUT_MS });
    return "overlayfs";
  } finally {
    await files.remove(base);
  }
}
