import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { hasErrorCode } from "../file-system.ts";
import type { Mounter, MountPoint, MountRequest, SubPathRequest } from "../mounter.ts";
import { ProgramError, runProgram } from "./run-program.ts";

/** Opens a path for its place in the tree only (open(2)); Node's constants lack it. The value is that of all Linux architectures that Node runs on. */
const O_PATH = 0o10000000;
const OPEN_DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const DIRECTORY_MODE = 0o750;

/** Mounts by way of mount(8) and umount(8). Needs root. */
export const linuxMounter: Mounter = {
  async mount({ source, target, type, options }: MountRequest) {
    const args = [...(type === "" ? [] : ["-t", type]), ...(options.length > 0 ? ["-o", options.join(",")] : []), "--", source, target];
    try {
      await runProgram("mount", args);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      const command = `Mounting command: mount\nMounting arguments: ${args.filter((arg) => arg !== "--").join(" ")}`;
      throw new Error(`mount failed: ${error.ending}\n${command}\nOutput: ${error.output}\n`, { cause: error });
    }
  },

  async unmount(target) {
    if (!(await linuxMounter.isMountPoint(target))) return;
    try {
      await runProgram("umount", ["--", target]);
    } catch {
      // Still in use by a process that is going away: detach it now, the kernel lets go when that has ended.
      await runProgram("umount", ["--lazy", "--", target]);
    }
  },

  async list() {
    return parseMountInfo(await fs.readFile("/proc/self/mountinfo", "utf8"));
  },

  async isMountPoint(path) {
    return (await linuxMounter.list()).some((mount) => mount.path === path);
  },

  async bindSubPath({ volumePath, subPath, target }: SubPathRequest) {
    const root = await fs.realpath(volumePath);
    await makeBelow(root, subPath);
    // Links inside the volume may be followed as long as they stay inside; what they led to is then opened link by link.
    const resolved = await fs.realpath(`${root}/${subPath}`);
    if (resolved !== root && !resolved.startsWith(`${root}/`)) throw new Error(`subpath "${subPath}" is not within the volume`);
    const handle = await openBelow(root, resolved.slice(root.length + 1));
    try {
      await makeTarget(target, (await handle.stat()).isDirectory());
      await linuxMounter.unmount(target);
      // The descriptor names the very file that was checked, whatever the container does to the path meanwhile.
      await runProgram("mount", ["--no-canonicalize", "-o", "bind", "--", `/proc/${process.pid}/fd/${handle.fd}`, target]);
    } finally {
      await handle.close();
    }
    return target;
  },
};

/** Reads `/proc/self/mountinfo` (proc_pid_mountinfo(5)), with its octal escapes. */
export function parseMountInfo(text: string): MountPoint[] {
  const plain = (field: string): string =>
    field.replace(/\\(\d{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  const mounts: MountPoint[] = [];
  for (const line of text.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const fields = before.split(" ");
    const [type = "", device = ""] = after.split(" ");
    if (fields.length < 6) continue;
    mounts.push({ device: plain(device), path: plain(fields[4] ?? ""), type, options: (fields[5] ?? "").split(",") });
  }
  return mounts;
}

/** Opens a path below `root` one step at a time, following no link at all: a path that was changed since it was checked fails. */
async function openBelow(root: string, relative: string): Promise<fs.FileHandle> {
  let handle = await fs.open(root, OPEN_DIRECTORY);
  for (const part of relative.split("/").filter((step) => step !== "")) {
    const parent = handle;
    try {
      handle = await fs.open(`/proc/self/fd/${parent.fd}/${part}`, O_PATH | constants.O_NOFOLLOW);
    } finally {
      await parent.close();
    }
    const status = await handle.stat();
    if (status.isSymbolicLink()) {
      await handle.close();
      throw new Error(`${part} in a subpath became a symbolic link`);
    }
  }
  return handle;
}

/** Makes the missing directories of a subpath, following no link below the volume for those that it makes. */
async function makeBelow(root: string, subPath: string): Promise<void> {
  let current = root;
  for (const part of subPath.split("/").filter((step) => step !== "" && step !== ".")) {
    const next = `${current}/${part}`;
    const existing = await fs.realpath(next).catch((error: unknown) => {
      if (hasErrorCode(error, "ENOENT")) return undefined;
      throw error;
    });
    if (existing === undefined) {
      const parent = await openBelow(root, current.slice(root.length + 1));
      try {
        await fs.mkdir(`/proc/self/fd/${parent.fd}/${part}`, { mode: DIRECTORY_MODE });
        const { mode, gid } = await fs.stat(root);
        // A directory that the kubelet makes belongs to those that the volume belongs to.
        await fs.chmod(next, mode & 0o7777);
        await fs.lchown(next, 0, gid);
      } finally {
        await parent.close();
      }
      current = next;
      continue;
    }
    if (existing !== root && !existing.startsWith(`${root}/`)) throw new Error(`subpath "${subPath}" is not within the volume`);
    current = existing;
  }
}

async function makeTarget(target: string, isDirectory: boolean): Promise<void> {
  if (isDirectory) {
    await fs.mkdir(target, { recursive: true, mode: DIRECTORY_MODE });
    return;
  }
  await fs.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true, mode: DIRECTORY_MODE });
  await fs.writeFile(target, "", { flag: "a", mode: 0o640 });
}
