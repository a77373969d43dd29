import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a process has used up to now. */
export interface ProcessUsage {
  /** Processor time of all its threads, user and system. */
  readonly cpuMs: number;
  /** Memory that is in use now (RSS). */
  readonly memoryMiB: number;
}

let ticksPerSecond: number | undefined;

/** Reads what `/proc` says of a process (Linux only). Errors: throws when there is no such process. */
function processUsage(pid: number): ProcessUsage {
  ticksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the program, in parentheses, may hold spaces; user and system time are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const resident = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return { cpuMs: (ticks * 1000) / ticksPerSecond, memoryMiB: Number(resident) / 1024 };
}

/** What several processes have used together. */
export function totalUsage(pids: readonly number[]): ProcessUsage {
  const usages = pids.map(processUsage);
  return {
    cpuMs: usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    memoryMiB: usages.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0),
  };
}
