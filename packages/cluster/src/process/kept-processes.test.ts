import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep, systemClock } from "@skiff/base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clusterPaths, type ClusterPaths } from "../layout/cluster-paths.ts";
import { KeptProcesses, partArguments, type Kept } from "./kept-processes.ts";
import { isRunning, type TableEntry } from "./process-table.ts";

const SERVER = { role: "server" } as const;
let folder: string;
let paths: ClusterPaths;
let processes: KeptProcesses;
const logFile = (): string => join(folder, "server.log");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "skiff-kept-"));
  paths = clusterPaths(join(folder, "data"), join(folder, "run"));
  processes = new KeptProcesses(paths, systemClock);
});
afterEach(async () => {
  await processes.stopAll(0);
  rmSync(folder, { recursive: true });
});

/** Keeps a shell that does as `script` says. */
function keep(script: string): Kept {
  return processes.keep({ part: SERVER, command: ["/bin/sh", "-c", script, "part", ...partArguments(paths, SERVER)], logFile: logFile() });
}

async function until<T>(probe: () => T | undefined | false): Promise<T> {
  for (;;) {
    const answer = probe();
    if (answer !== undefined && answer !== false) return answer;
    await sleep(systemClock, 10);
  }
}

const FOREVER = "echo life; while :; do sleep 0.05; done";
const program = (): TableEntry | undefined => processes.find(SERVER).program;
const lives = (): number => readFileSync(logFile(), "utf8").match(/^life$/gm)?.length ?? 0;

describe("a program that is kept", () => {
  it("comes back when it is killed, again and again", async () => {
    expect(keep(FOREVER).isNew).toBe(true);
    for (let death = 1; death <= 2; death++) {
      const before = await until(program);
      process.kill(before.pid, "SIGKILL");
      await until(() => program() !== undefined && program()?.pid !== before.pid);
      await until(() => lives() === death + 1);
    }
    expect(readFileSync(logFile(), "utf8")).toContain(
      '"level":"warn","message":"the process ended and is started again","exitCode":137,"pauseSeconds":1}',
    );
  });

  it("is kept once, however often that is asked for", async () => {
    const first = keep(FOREVER);
    await until(program);
    expect(keep(FOREVER)).toMatchObject({ isNew: false, keeper: { pid: first.keeper?.pid } });
    expect(lives()).toBe(1);
  });

  it("lives on when its keeper is killed, and gets a new one", async () => {
    const { keeper } = keep(FOREVER);
    const before = await until(program);
    process.kill(keeper?.pid ?? 0, "SIGKILL");
    await until(() => processes.find(SERVER).keeper === undefined);
    expect(isRunning(before)).toBe(true);

    const next = keep(FOREVER);
    expect(next.isNew).toBe(false);
    expect(next.keeper?.pid).not.toBe(keeper?.pid);
    expect(program()?.pid).toBe(before.pid);
    process.kill(before.pid, "SIGKILL");
    await until(() => lives() === 2);
  });

  it("is gone for good when it is stopped, by force when need be", async () => {
    const { keeper } = keep(`trap '' TERM; ${FOREVER}`);
    const before = await until(program);
    await until(() => lives() === 1);
    await processes.stop(SERVER, 200);
    expect([isRunning(before), isRunning(keeper ?? before)]).toEqual([false, false]);
    expect(processes.find(SERVER)).toEqual({ keeper: undefined, program: undefined });
    expect(lives()).toBe(1);
  });

  it("is given up when it cannot work from the start", async () => {
    const { keeper } = keep("echo life; exit 1");
    await until(() => keeper === undefined || !isRunning(keeper));
    expect(lives()).toBe(1);
  });

  it("is not mistaken for the part of another cluster", async () => {
    keep(FOREVER);
    await until(program);
    const other = new KeptProcesses(clusterPaths(join(folder, "data"), join(folder, "run2")), systemClock);
    expect(other.find(SERVER).program).toBeUndefined();
    expect(processes.find({ role: "node", node: "a" }).program).toBeUndefined();
    await other.stopAll(0);
    expect(program()).toBeDefined();
  });
});
