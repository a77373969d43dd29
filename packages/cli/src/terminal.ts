import type { FinishedPhase, Progress } from "@skiff/cluster";
import type { Clock } from "@skiff/base";

/** Where the command prints: results on `out`, everything else on `err`, so that pipes get results only. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** True when `err` is a terminal: progress may then overwrite its line, and colours are on. */
  readonly interactive: boolean;
}

/** The terminal of this process. Colours and moving lines are off when it is not one, or `NO_COLOR` is set. */
export function processTerminal(): Terminal {
  // Who reads the output may go away (`skiff delete | head -1`); what was begun must be finished all the same.
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  const interactive =
    process.stderr.isTTY && process.env.TERM !== "dumb" && process.env.NO_COLOR === undefined && process.env.CI === undefined;
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive,
  };
}

/** `text` in a colour, where colours are on. */
export function coloured(terminal: Terminal, colour: "green" | "red" | "yellow" | "dim" | "bold", text: string): string {
  const codes = { green: 32, red: 31, yellow: 33, dim: 2, bold: 1 };
  return terminal.interactive ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
}

/** Milliseconds for people: `340 ms`, `2.1 s`. */
export function shortDuration(durationMs: number): string {
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}

/** Shows phases as they pass: one line each, the current one overwritten in place on a terminal. */
export class ProgressLines implements Progress {
  readonly finished: FinishedPhase[] = [];
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #quiet: boolean;
  #current: { readonly title: string; readonly startMs: number } | undefined;

  constructor(terminal: Terminal, clock: Clock, quiet = false) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#quiet = quiet;
  }

  phase(title: string): void {
    this.end();
    this.#current = { title, startMs: this.#clock.monotonic() };
    if (!this.#quiet) this.#terminal.err(this.#terminal.interactive ? `  ${title} …` : `${title} …\n`);
  }

  detail(text: string): void {
    if (this.#quiet || this.#current === undefined) return;
    const line = text.length > 100 ? `${text.slice(0, 99)}…` : text;
    if (this.#terminal.interactive) this.#terminal.err(`\r\u001b[K  ${this.#current.title} … ${coloured(this.#terminal, "dim", line)}`);
  }

  /** Ends the current phase in order. */
  end(): void {
    if (this.#current === undefined) return;
    const durationMs = this.#clock.monotonic() - this.#current.startMs;
    const { title } = this.#current;
    this.finished.push({ title, durationMs });
    this.#current = undefined;
    if (!this.#quiet && this.#terminal.interactive) {
      this.#terminal.err(
        `\r\u001b[K${coloured(this.#terminal, "green", "✓")} ${title} ${coloured(this.#terminal, "dim", shortDuration(durationMs))}\n`,
      );
    }
  }

  /** Ends the current phase because something went wrong in it. */
  fail(): void {
    if (this.#current === undefined) return;
    if (!this.#quiet && this.#terminal.interactive)
      this.#terminal.err(`\r\u001b[K${coloured(this.#terminal, "red", "✗")} ${this.#current.title}\n`);
    this.#current = undefined;
  }
}
