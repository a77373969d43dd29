import { spawn, type ChildProcess } from "node:child_process";
import { systemClock } from "@skiff/base";
import type { Outcome } from "./outcome.ts";

const KILL_AFTER_MS = 2_000;

/** What is kept of one stream of a command; what comes after it is dropped. */
const OUTPUT_LIMIT_BYTES = 4 * 1024 * 1024;

/** How to run a command. */
interface ShellOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Then the command and all that it started are killed; the outcome has code -1. */
  readonly timeoutMs: number;
}

/** Runs `text` in bash to its end. */
export async function runShell(text: string, options: ShellOptions): Promise<Outcome> {
  const running = new RunningCommand(["bash", "-c", text], options);
  const timer = systemClock.setTimeout(() => void running.stop(), options.timeoutMs);
  try {
    return await running.ended;
  } finally {
    timer.cancel();
  }
}

/** A command that runs until it ends or is stopped, with all processes that it started. */
export class RunningCommand {
  /** Settles when the command has ended and its output is complete. Never rejects. */
  readonly ended: Promise<Outcome>;
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";
  #over = false;

  constructor(command: readonly string[], { cwd, env }: Pick<ShellOptions, "cwd" | "env">) {
    const [program = "", ...args] = command;
    // A process group of its own: a stop reaches what the shell started, too.
    this.#child = spawn(program, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdout?.on("data", (chunk: Buffer) => (this.#stdout = capped(this.#stdout, chunk)));
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#stderr = capped(this.#stderr, chunk)));
    // A program that does not read its input closes it; how it ends says enough.
    this.#child.stdin?.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      const end = (code: number): void => {
        this.#over = true;
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      };
      this.#child.once("error", (error) => {
        this.#stderr += error.message;
        end(127);
      });
      this.#child.once("close", (code) => end(code ?? -1));
    });
  }

  /** Standard output so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Standard error so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Types `text` into the command's input. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Closes the command's input, as Ctrl-D does. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Ends the command as Ctrl-C does, and by force if that does not help. */
  async stop(): Promise<Outcome> {
    this.#signal("SIGINT");
    const terminate = systemClock.setTimeout(() => this.#signal("SIGTERM"), KILL_AFTER_MS / 2);
    const kill = systemClock.setTimeout(() => this.#signal("SIGKILL"), KILL_AFTER_MS);
    const outcome = await this.ended;
    terminate.cancel();
    kill.cancel();
    return outcome;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#over || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // It has just ended.
    }
  }
}

function capped(text: string, chunk: Buffer): string {
  return text.length >= OUTPUT_LIMIT_BYTES ? text : text + chunk.toString();
}
