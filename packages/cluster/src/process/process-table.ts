import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { sleep, type Clock } from "@skiff/base";
import { SERVER_USERS } from "../layout/server-users.ts";

/** A process as the system's process table has it. */
export interface TableEntry {
  readonly pid: number;
  /** What tells it apart from a later process with the same number; on Linux the clock ticks since boot at its start. */
  readonly startTicks: string;
  readonly command: readonly string[];
}

/** How long processes may take to vanish once they were killed for good. */
const KILL_POLL_MS = 10;

/**
 * The processes of this user, of root and of the users of servers that run (those that only wait to be collected by their
 * parent do not).
 *
 * Programs of others are left out, for anybody may give a program of theirs the command line of one of ours.
 */
export function listProcesses(): TableEntry[] {
  return process.platform === "linux" ? fromProc() : fromPs();
}

/** True while that very process runs. */
export function isRunning(entry: Pick<TableEntry, "pid" | "startTicks">): boolean {
  return processOf(entry.pid)?.startTicks === entry.startTicks;
}

/** The running process of that number. */
export function processOf(pid: number): Pick<TableEntry, "pid" | "startTicks"> | undefined {
  if (process.platform !== "linux") return fromPs().find((entry) => entry.pid === pid);
  const ticks = startTicks(pid);
  return ticks === undefined ? undefined : { pid, startTicks: ticks };
}

/** Ends the processes: `graceMs` after they were asked to, by force. Resolves when they are gone. */
export async function endProcesses(clock: Clock, entries: readonly TableEntry[], graceMs: number): Promise<void> {
  const running = (): TableEntry[] => entries.filter(isRunning);
  for (const entry of graceMs > 0 ? running() : []) signal(entry, "SIGTERM");
  const deadline = clock.monotonic() + graceMs;
  while (running().length > 0 && clock.monotonic() < deadline) await sleep(clock, KILL_POLL_MS);
  for (const entry of running()) signal(entry, "SIGKILL");
  while (running().length > 0) await sleep(clock, KILL_POLL_MS);
}

function signal(entry: TableEntry, name: NodeJS.Signals): void {
  try {
    process.kill(entry.pid, name);
  } catch (error) {
    // It ended in between.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function isTrusted(user: number): boolean {
  return user === 0 || user === process.getuid?.() || (user >= SERVER_USERS.first && user <= SERVER_USERS.last);
}

function fromProc(): TableEntry[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!isTrusted(statSync(`/proc/${name}`).uid)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").slice(0, -1);
      const ticks = startTicks(Number(name));
      return ticks === undefined || command.length === 0 ? [] : [{ pid: Number(name), startTicks: ticks, command }];
    } catch {
      // It ended in between, or the system hides it, as it may hide what is not ours.
      return [];
    }
  });
}

/** Systems without /proc: arguments come joined by spaces, which is enough for paths without any. */
function fromPs(): TableEntry[] {
  const user = process.getuid?.();
  const args = ["-xww", ...(user === 0 ? ["-a"] : []), "-o", "pid=,stat=,lstart=,command="];
  const { stdout } = spawnSync("ps", args, { encoding: "utf8" });
  return stdout.split("\n").flatMap((line) => {
    const found = /^\s*(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(line);
    const [, pid = "", state = "Z", started = "", command = ""] = found ?? [];
    return state.startsWith("Z") ? [] : [{ pid: Number(pid), startTicks: started, command: command.split(" ") }];
  });
}

/** Field 22 of `/proc/PID/stat`; `undefined` when there is no such process, or it only waits to be collected. */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
