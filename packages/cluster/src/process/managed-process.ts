import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { sleep, type Clock } from "@skiff/base";
import { writeFileAtomically } from "../layout/atomic-file.ts";

/** A process that runs on after the command that started it has ended. */
export interface RunningProcess {
  readonly pid: number;
  /** When the kernel started it, in clock ticks since boot: tells it apart from a later process with the same number. */
  readonly startTicks: string;
}

/** What to start, and where its traces go. */
export interface ProcessPlan {
  readonly command: readonly string[];
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  readonly pidFile: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts a process in a session of its own, so that it outlives the terminal. */
export function startProcess(plan: ProcessPlan): RunningProcess {
  mkdirSync(dirname(plan.logFile), { recursive: true, mode: 0o700 });
  const log = openSync(plan.logFile, "a", 0o600);
  const [program = "", ...rest] = plan.command;
  const child = spawn(program, rest, { detached: true, stdio: ["ignore", log, log], env: { ...process.env, ...plan.environment } });
  closeSync(log);
  // The exit is noticed by looking at the process, because most watchers are not its parent.
  child.on("error", () => {});
  child.unref();
  const pid = child.pid ?? 0;
  const running = { pid, startTicks: startTicks(pid) ?? "" };
  writeFileAtomically(plan.pidFile, `${JSON.stringify(running)}\n`, 0o600);
  return running;
}

/** The process that a pid file names, if it still runs. */
export function findProcess(pidFile: string): RunningProcess | undefined {
  if (!existsSync(pidFile)) return undefined;
  try {
    const process = JSON.parse(readFileSync(pidFile, "utf8")) as RunningProcess;
    return isRunning(process) ? process : undefined;
  } catch {
    // A half-written or foreign file names no process.
    return undefined;
  }
}

/** True while the process runs (and is not merely waiting to be collected by its parent). */
export function isRunning(process: RunningProcess): boolean {
  return process.startTicks !== "" && startTicks(process.pid) === process.startTicks;
}

/** Asks the process to end, waits up to `graceMs`, then kills it. Resolves when it is gone. */
export async function stopProcess(clock: Clock, running: RunningProcess, pidFile: string, graceMs: number): Promise<void> {
  signal(running, "SIGTERM");
  const deadline = clock.monotonic() + graceMs;
  while (isRunning(running) && clock.monotonic() < deadline) await sleep(clock, 20);
  signal(running, "SIGKILL");
  while (isRunning(running)) await sleep(clock, 10);
  rmSync(pidFile, { force: true });
}

function signal(running: RunningProcess, name: NodeJS.Signals): void {
  if (!isRunning(running)) return;
  try {
    process.kill(running.pid, name);
  } catch {
    // It ended in between.
  }
}

/** Field 22 of `/proc/PID/stat`; elsewhere a constant, so that existence alone counts. */
function startTicks(pid: number): string | undefined {
  if (pid <= 0) return undefined;
  if (process.platform !== "linux") {
    try {
      process.kill(pid, 0);
      return "alive";
    } catch {
      return undefined;
    }
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
