import { type Clock, sleep } from "@skiff/base";
import type { ContainerRuntime } from "@skiff/kubelet";
import type { HostFiles } from "../host/host-files.ts";
import type { ProcessEntry, ProcessSpawner } from "../host/process-spawner.ts";
import type { ContainerdOptions } from "./containerd-config.ts";

/** How many sandboxes are taken down at the same time. */
const PARALLEL_SANDBOXES = 8;

const UNMOUNT_TIMEOUT_MS = 10_000;

/** How long killed processes may take to disappear. */
const GONE_TIMEOUT_MS = 10_000;
const GONE_CHECK_MS = 20;

/**
 * Stops and removes every sandbox with its containers, by way of a runtime that answers: the clean way, which also
 * gives addresses, ports and control groups back.
 *
 * Errors: rejects with the first failure, after all have been tried.
 */
export async function removeAllSandboxes(runtime: ContainerRuntime): Promise<void> {
  const left = [...(await runtime.listPodSandboxes())];
  const failures: unknown[] = [];
  const takeDown = async (): Promise<void> => {
    for (let sandbox = left.pop(); sandbox !== undefined; sandbox = left.pop()) {
      try {
        await runtime.stopPodSandbox(sandbox.id);
        await runtime.removePodSandbox(sandbox.id);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_SANDBOXES }, takeDown));
  if (failures.length > 0) throw failures[0];
}

/** What {@link cleanUpContainerd} needs of the machine. */
interface ContainerdCleanupHost {
  readonly clock: Clock;
  readonly spawner: ProcessSpawner;
  readonly files: HostFiles;
}

/**
 * Removes what a containerd that no longer runs left behind: kills its shims and their containers, unmounts their file
 * systems and network namespaces, removes its sockets, control groups and directories. Does nothing where nothing is left.
 *
 * Errors: rejects when something could not be unmounted; nothing below a mount is ever deleted.
 */
export async function cleanUpContainerd(host: ContainerdCleanupHost, containerd: ContainerdOptions): Promise<void> {
  const controlGroups = await killShims(host, containerd);
  await removeShimSockets(host.files, containerd);
  await unmountBelow(host, [containerd.stateDirectory, containerd.rootDirectory]);
  for (const path of controlGroups)
    await host.spawner.run("rmdir", ["--ignore-fail-on-non-empty", path], { timeoutMs: UNMOUNT_TIMEOUT_MS });
  await host.files.remove(containerd.stateDirectory);
  await host.files.remove(containerd.rootDirectory);
}

/** Kills the shims of this containerd and all that runs below them; answers the control groups that they were in. */
async function killShims({ clock, spawner, files }: ContainerdCleanupHost, containerd: ContainerdOptions): Promise<readonly string[]> {
  const table = await spawner.list();
  const shims = table.filter((entry) => isShimOf(entry, containerd.socketPath));
  const doomed = withDescendants(table, shims);
  const controlGroups = new Set<string>();
  for (const { pid } of doomed.filter((entry) => !shims.includes(entry))) {
    for (const path of await controlGroupsOf(files, pid)) controlGroups.add(path);
  }
  // The shims first: they are the ones who would report ends and start hooks.
  for (const { pid } of doomed) spawner.signal(pid, "SIGKILL");
  const pids = new Set(doomed.map(({ pid }) => pid));
  const deadlineMs = clock.monotonic() + GONE_TIMEOUT_MS;
  while (pids.size > 0 && clock.monotonic() < deadlineMs) {
    const now = await spawner.list();
    // A process that was killed and not yet collected has no command line any more.
    const alive = now.filter(({ pid, commandLine }) => pids.has(pid) && commandLine.length > 0);
    if (alive.length === 0) break;
    await sleep(clock, GONE_CHECK_MS);
  }
  return [...controlGroups];
}

/**
 * Removes the control group `parent` (as in a sandbox's `cgroupParent`) with all groups below it, of every hierarchy.
 * Groups in which a process still runs stay.
 */
export async function removeControlGroups(
  { spawner, files }: Pick<ContainerdCleanupHost, "spawner" | "files">,
  parent: string,
): Promise<void> {
  if (!/^\/[^/]/.test(parent) || parent.includes(".."))
    throw new RangeError(`"${parent}" is not the path of a control group below the root`);
  const root = "/sys/fs/cgroup";
  for (const directory of [root, ...(await files.list(root)).map((name) => `${root}/${name}`)]) {
    const group = `${directory}${parent}`;
    const exists = (await files.readText(`${group}/cgroup.procs`)) !== undefined;
    // The files inside cannot be removed and need not be: a group is removed as an empty directory.
    if (exists) await spawner.run("find", [group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], { timeoutMs: UNMOUNT_TIMEOUT_MS });
  }
}

function isShimOf({ commandLine }: ProcessEntry, socketPath: string): boolean {
  const address = commandLine.indexOf("-address");
  return (commandLine[0] ?? "").includes("containerd-shim") && address >= 0 && commandLine[address + 1] === socketPath;
}

function withDescendants(table: readonly ProcessEntry[], roots: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const childrenOf = new Map<number, ProcessEntry[]>();
  for (const entry of table) {
    const siblings = childrenOf.get(entry.parentPid);
    if (siblings) siblings.push(entry);
    else childrenOf.set(entry.parentPid, [entry]);
  }
  const found = [...roots];
  // The list grows while it is walked.
  for (const entry of found) found.push(...(childrenOf.get(entry.pid) ?? []));
  return found;
}

/** The directories of the control groups of a container's process. */
async function controlGroupsOf(files: HostFiles, pid: number): Promise<readonly string[]> {
  const text = (await files.readText(`/proc/${pid}/cgroup`)) ?? "";
  return text.split("\n").flatMap((line) => {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    // The root, and the groups of services that are not ours, stay.
    if (!path.includes("kubepods") && !path.includes("k8s.io")) return [];
    const name = controllers.replace(/^name=/, "");
    return controllers === "" ? [`/sys/fs/cgroup${path}`, `/sys/fs/cgroup/unified${path}`] : [`/sys/fs/cgroup/${name}${path}`];
  });
}

/** Shims listen below `/run/containerd/s`, whatever the state directory; their bundles name the sockets. */
async function removeShimSockets(files: HostFiles, containerd: ContainerdOptions): Promise<void> {
  const bundles = `${containerd.stateDirectory}/io.containerd.runtime.v2.task/k8s.io`;
  for (const bundle of await files.list(bundles)) {
    const address = (await files.readText(`${bundles}/${bundle}/address`))?.trim();
    const path = address?.startsWith("unix://") ? address.slice("unix://".length) : undefined;
    if (path?.startsWith("/run/containerd/s/")) await files.remove(path);
  }
}

async function unmountBelow({ spawner, files }: ContainerdCleanupHost, directories: readonly string[]): Promise<void> {
  const table = parseMountPoints((await files.readText("/proc/self/mountinfo")) ?? "");
  const ours = table.filter((path) => directories.some((directory) => path.startsWith(`${directory}/`)));
  // The newest first, for they may lie on older ones.
  for (const path of ours.reverse()) {
    const { exitCode, stderr } = await spawner.run("umount", ["--lazy", path], { timeoutMs: UNMOUNT_TIMEOUT_MS });
    if (exitCode !== 0 && !/not mounted|no mount point/.test(stderr)) throw new Error(`cannot unmount ${path}: ${stderr.trim()}`);
  }
}

/** The mount points of `/proc/self/mountinfo`, oldest first; blanks in names are written as octal numbers there. */
export function parseMountPoints(mountInfo: string): string[] {
  return mountInfo
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((path) => path !== undefined)
    .map((path) => path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))));
}
