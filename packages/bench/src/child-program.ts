import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

/** A program that runs beside the benchmarks and ends with them; its output goes to a file. */
export class ChildProgram {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #ended: Promise<void>;

  constructor(name: string, path: string, args: readonly string[], log: string) {
    this.name = name;
    this.#log = log;
    const output = openSync(log, "w");
    this.#child = spawn(path, args, { stdio: ["ignore", output, output] });
    closeSync(output);
    const endWithUs = (): void => void this.#child.kill("SIGKILL");
    process.once("exit", endWithUs);
    this.#child.once("exit", () => process.off("exit", endWithUs));
    this.#ended = new Promise((resolve) => {
      this.#child.once("exit", () => resolve());
      this.#child.once("error", () => resolve());
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Errors: an `Error` with the end of its output when the program has ended. */
  assertRunning(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined) return;
    const tail = readFileSync(this.#log, "utf8").trim().split("\n").slice(-5).join("\n");
    throw new Error(`${this.name} has ended:\n${tail}`);
  }

  /** Ends it; by force after `graceMs`. */
  async stop(graceMs = 5000): Promise<void> {
    this.#child.kill("SIGTERM");
    const force = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    await this.#ended;
    clearTimeout(force);
  }
}
