import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { messageOf, type Host, type Timer } from "@skiff/base";

/** A log that is larger than this is put aside. */
const MAX_BYTES = 8 * 1024 * 1024;
/** How many logs that were put aside are kept, as `server.log.1`, `server.log.2`; older ones are gone. */
const OLD_FILES = 2;
/** How often the size is looked at. A log that is written to faster than {@link MAX_BYTES} in this time is larger for a moment. */
const CHECK_MS = 10_000;
const COPY_CHUNK_BYTES = 1024 * 1024;

/** Which log is kept small. */
interface LogRotationOptions {
  readonly host: Host;
  /** Its writers must append (`O_APPEND`): it is emptied under their hands. */
  readonly logFile: string;
  /** Default 8 MiB. */
  readonly maxBytes?: number;
  /** Default 2. */
  readonly oldFiles?: number;
}

/**
 * Keeps a log of processes small whose output goes into the file without their doing: it is copied aside and emptied in place,
 * because the keeper and the program hold it open. What is written between the last read and the emptying (microseconds) is lost.
 *
 * The files are opened once, at the start, so that a process that gives up root afterwards can go on rotating its log.
 */
export class LogRotation {
  readonly #options: LogRotationOptions;
  /** The log, then the older ones; empty while there is no log. Owned. */
  #files: number[] = [];
  #timer: Timer | undefined;

  constructor(options: LogRotationOptions) {
    this.#options = options;
  }

  start(): this {
    this.#check();
    return this;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#close();
  }

  #check(): void {
    const { host, logFile, maxBytes = MAX_BYTES } = this.#options;
    try {
      const [log] = this.#files;
      if (log !== undefined && fstatSync(log).nlink === 0) this.#close();
      if (this.#files.length === 0) this.#open();
      if (this.#files.length > 0 && fstatSync(this.#files[0]!).size > maxBytes) this.#rotate();
    } catch (error) {
      host.log.warn("the log cannot be rotated", { logFile, error: messageOf(error) });
    }
    this.#timer = host.clock.setTimeout(() => this.#check(), CHECK_MS);
  }

  #open(): void {
    const { logFile, oldFiles = OLD_FILES } = this.#options;
    try {
      this.#files.push(openSync(logFile, "r+"));
    } catch (error) {
      // Whoever runs a part by hand has no log, and containerd has none before its first start.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    for (let index = 1; index <= oldFiles; index++)
      this.#files.push(openSync(`${logFile}.${index}`, constants.O_RDWR | constants.O_CREAT, 0o600));
  }

  #rotate(): void {
    for (let index = this.#files.length - 1; index > 0; index--) copy(this.#files[index - 1]!, this.#files[index]!);
    ftruncateSync(this.#files[0]!, 0);
  }

  #close(): void {
    for (const file of this.#files.splice(0)) closeSync(file);
  }
}

function copy(from: number, to: number): void {
  ftruncateSync(to, 0);
  const buffer = Buffer.alloc(COPY_CHUNK_BYTES);
  for (let position = 0, read = 0; (read = readSync(from, buffer, 0, buffer.length, position)) > 0; position += read)
    for (let written = 0; written < read;) written += writeSync(to, buffer, written, read - written, position + written);
}
