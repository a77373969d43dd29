import { BoundedQueue } from "@skiff/base";

/** A line as the runtime writes it to a container's log. */
export interface SimulatedLogEntry {
  readonly timestampNs: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** Where the containers' log lines go. */
export interface SimulatedLogSink {
  /** `path` is the sandbox's log directory and the container's log path, joined. */
  write(path: string, entry: SimulatedLogEntry): void;
}

/** An entry as a line of a CRI log file, the line break included. */
export function criLogLine(entry: SimulatedLogEntry): string {
  const epochMs = Math.floor(entry.timestampNs / 1e6);
  const time = new Date(epochMs).toISOString().slice(0, 23);
  return `${time}000000Z ${entry.stream} F ${entry.text}\n`;
}

/** Keeps the last lines of each log in memory. */
export class MemoryLogSink implements SimulatedLogSink {
  readonly #logs = new Map<string, BoundedQueue<SimulatedLogEntry>>();
  readonly #linesMax: number;

  /** `linesMax` per log, default 1000; the oldest lines are dropped. */
  constructor(linesMax = 1000) {
    this.#linesMax = linesMax;
  }

  write(path: string, entry: SimulatedLogEntry): void {
    let log = this.#logs.get(path);
    if (log === undefined) this.#logs.set(path, (log = new BoundedQueue(this.#linesMax)));
    if (log.size >= this.#linesMax) log.shift();
    log.push(entry);
  }

  /** The text of each line of a log, oldest first; none when nothing was written. */
  lines(path: string): readonly string[] {
    const log = this.#logs.get(path);
    if (log === undefined) return [];
    const entries = log.drain();
    for (const entry of entries) log.push(entry);
    return entries.map((entry) => entry.text);
  }
}
