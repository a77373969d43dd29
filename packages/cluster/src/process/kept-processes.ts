import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "@skiff/base";
import type { ClusterPaths } from "../layout/cluster-paths.ts";
import { isKeeper, keeperCommand } from "./keeper.ts";
import { endProcesses, listProcesses, processOf, type TableEntry } from "./process-table.ts";

/** A long-running part of a cluster: the server, or one node. */
export type ClusterPart = { readonly role: "server" } | { readonly role: "node"; readonly node: string };

/** A part that runs: the program itself, and the keeper that starts it again when it dies. Either may be missing. */
interface KeptProcess {
  readonly keeper: TableEntry | undefined;
  readonly program: TableEntry | undefined;
}

/** What {@link KeptProcesses.keep} found or made. */
export interface Kept {
  /** True when the program did not run before. */
  readonly isNew: boolean;
  /** Absent when it could not be started, or has ended already: then the program cannot work. */
  readonly keeper: Pick<TableEntry, "pid" | "startTicks"> | undefined;
}

/** What to start, and where its output goes. */
interface PartPlan {
  readonly part: ClusterPart;
  /** Must end with {@link partArguments}, which is how the processes are found again. */
  readonly command: readonly string[];
  /** Standard output and error are appended to it. */
  readonly logFile: string;
}

/** The arguments by which the processes of a part are told from all others of the machine. */
export function partArguments(paths: ClusterPaths, part: ClusterPart): string[] {
  const common = [part.role, "--data-dir", paths.data, "--run-dir", paths.run];
  return part.role === "server" ? common : [...common, "--node", part.node];
}

/**
 * The long-running processes of one cluster. They are found in the process table and nowhere else: no file about them
 * can be stale, half written or lost.
 */
export class KeptProcesses {
  readonly #paths: ClusterPaths;
  readonly #clock: Clock;

  constructor(paths: ClusterPaths, clock: Clock) {
    this.#paths = paths;
    this.#clock = clock;
  }

  find(part: ClusterPart): KeptProcess {
    const wanted = partArguments(this.#paths, part);
    const entries = this.#entries().filter(({ command }) => endsWith(command, wanted));
    return { keeper: entries.find(isKeeper), program: entries.find((entry) => !isKeeper(entry)) };
  }

  /**
   * Makes sure that a keeper looks after the part; it starts the program, or takes over one that has lost its keeper.
   *
   * Two calls for the same part must not overlap: the caller holds the cluster's operation lock.
   */
  keep({ part, command, logFile }: PartPlan): Kept {
    const { keeper, program } = this.find(part);
    if (keeper !== undefined) return { isNew: false, keeper };
    mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
    const log = openSync(logFile, "a", 0o600);
    const [shell = "", ...rest] = keeperCommand(command, program);
    // In a session of its own, so that it outlives the terminal.
    const child = spawn(shell, rest, { detached: true, stdio: ["ignore", log, log] });
    closeSync(log);
    // That it does not run is noticed in the process table, because most who look are not its parent.
    child.on("error", () => {});
    child.unref();
    return { isNew: program === undefined, keeper: processOf(child.pid ?? 0) };
  }

  /** Ends the part: the keeper at once, then the program, by force after `graceMs`. Resolves when both are gone. */
  async stop(part: ClusterPart, graceMs: number): Promise<void> {
    const wanted = partArguments(this.#paths, part);
    await this.#end((command) => endsWith(command, wanted), graceMs);
  }

  /** Ends every part of the cluster, whatever its description says. */
  async stopAll(graceMs: number): Promise<void> {
    const wanted = ["--data-dir", this.#paths.data, "--run-dir", this.#paths.run];
    await this.#end((command) => wanted.every((argument) => command.includes(argument)), graceMs);
  }

  async #end(matches: (command: readonly string[]) => boolean, graceMs: number): Promise<void> {
    const matching = (): TableEntry[] => this.#entries().filter(({ command }) => matches(command));
    // A keeper may have started a program in its last moment, hence one more look after each round.
    for (let entries = matching(); entries.length > 0; entries = matching()) {
      const keepers = entries.filter(isKeeper);
      if (keepers.length > 0) await endProcesses(this.#clock, keepers, 0);
      else await endProcesses(this.#clock, entries, graceMs);
    }
  }

  #entries(): TableEntry[] {
    return listProcesses().filter(({ pid }) => pid !== process.pid);
  }
}

function endsWith(command: readonly string[], end: readonly string[]): boolean {
  const start = command.length - end.length;
  return start > 0 && end.every((argument, index) => command[start + index] === argument);
}
