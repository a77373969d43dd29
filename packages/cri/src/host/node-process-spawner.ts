import { execFile, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, sleep } from "@skiff/base";
import type { BackgroundCommand, BackgroundProcess, CommandResult, ProcessEntry, ProcessExit, ProcessSpawner } from "./process-spawner.ts";

/** How often an adopted process, whose end nobody tells us, is looked at. */
const ADOPTED_CHECK_MS = 500;

const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;

/** The processes of this machine, by way of Node and `/proc`. */
export class NodeProcessSpawner implements ProcessSpawner {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async start({ command, args, environment, logFile }: BackgroundCommand): Promise<BackgroundProcess> {
    await mkdir(dirname(logFile), { recursive: true, mode: 0o700 });
    const log = openSync(logFile, "a", 0o600);
    const child = spawn(command, args, { detached: true, stdio: ["ignore", log, log], env: { ...process.env, ...environment } });
    closeSync(log);
    const exited = new Promise<ProcessExit>((resolve) => {
      child.once("exit", (code, signal) => resolve({ ...(code !== null && { exitCode: code }), ...(signal !== null && { signal }) }));
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
    const pid = child.pid ?? 0;
    return { pid, startTicks: startTicksOf(pid) ?? "", exited };
  }

  adopt(pid: number, startTicks: string): BackgroundProcess | undefined {
    if (!runs(pid, startTicks)) return undefined;
    return { pid, startTicks, exited: this.#untilGone(pid, startTicks) };
  }

  run(command: string, args: readonly string[], options: { readonly timeoutMs: number }): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const limits = { timeout: options.timeoutMs, killSignal: "SIGKILL", maxBuffer: OUTPUT_MAX_BYTES, encoding: "utf8" } as const;
      execFile(command, args, limits, (error, stdout, stderr) => {
        if (error === null) resolve({ exitCode: 0, stdout, stderr });
        else if (typeof error.code === "number") resolve({ exitCode: error.code, stdout, stderr });
        else reject(error);
      });
    });
  }

  signal(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  async list(): Promise<readonly ProcessEntry[]> {
    const entries: ProcessEntry[] = [];
    for (const name of await readdir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const commandLine = (await readFile(`/proc/${name}/cmdline`, "utf8")).split("\0").slice(0, -1);
        entries.push({ pid: Number(name), parentPid: Number(statFields(Number(name))?.[1] ?? 0), commandLine });
      } catch {
        // It ended while we were reading.
      }
    }
    return entries;
  }

  async #untilGone(pid: number, startTicks: string): Promise<ProcessExit> {
    while (runs(pid, startTicks)) await sleep(this.#clock, ADOPTED_CHECK_MS);
    return {};
  }
}

/** The fields of `/proc/PID/stat` from the third one (the state) on: the name before them may hold spaces. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Undefined for a process that is gone, or that ended and waits for its parent to collect it. */
function startTicksOf(pid: number): string | undefined {
  const fields = statFields(pid);
  return fields === undefined || fields[0] === "Z" ? undefined : fields[19];
}

function runs(pid: number, startTicks: string): boolean {
  return startTicks !== "" && startTicksOf(pid) === startTicks;
}
