import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { auditEvent, isAudited, type AuditRecord, type AuditSink } from "@skiff/apiserver";
import { messageOf, type Host, type Timer } from "@skiff/base";

/** How an audit log is kept. */
export interface AuditFileOptions {
  readonly host: Host;
  /** Made with mode 0700 where it is not there; the file in it is `audit.log`, older ones `audit.log.1` and so on. */
  readonly directory: string;
  /** A file that is larger is put aside. Default 50 MiB. */
  readonly maxBytes?: number;
  /** How many files that were put aside are kept; older ones are removed. Default 4. */
  readonly maxFiles?: number;
  /** Records that wait to be written; further ones are dropped, and their number is logged. Default 50,000. */
  readonly maxWaiting?: number;
}

/** What is recorded is on the disk at most this much later. */
const FLUSH_MS = 1000;
/** Records are written in pieces of so many, so that nobody waits long. */
const RECORDS_PER_TURN = 500;

/**
 * An audit log of JSON lines in files of a limited size. Writing is put off and done in pieces; a process that is killed loses the
 * last second of it. A disk that is full costs records, never requests.
 */
export class AuditFile implements AuditSink {
  readonly #options: AuditFileOptions;
  #waiting: AuditRecord[] = [];
  #dropped = 0;
  #file: number | undefined;
  #size = 0;
  #timer: Timer | undefined;

  constructor(options: AuditFileOptions) {
    this.#options = options;
  }

  write(record: AuditRecord): void {
    if (!isAudited(record)) return;
    const { host, maxWaiting = 50_000 } = this.#options;
    if (this.#waiting.length >= maxWaiting) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(record);
    this.#timer ??= host.clock.setTimeout(() => this.#flush(), FLUSH_MS);
  }

  /** Writes what waits and closes the file. */
  close(): void {
    while (this.#waiting.length > 0) this.#flush();
    this.#timer?.cancel();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #flush(): void {
    const { host } = this.#options;
    this.#timer = undefined;
    const records = this.#waiting.splice(0, RECORDS_PER_TURN);
    const lines = records.map((record) => `${JSON.stringify(auditEvent(record))}\n`).join("");
    try {
      this.#append(Buffer.from(lines));
    } catch (error) {
      this.#dropped += records.length;
      this.#reopenLater(error);
    }
    if (this.#dropped > 0) {
      host.log.warn("records of the audit log were dropped", { count: this.#dropped });
      this.#dropped = 0;
    }
    if (this.#waiting.length > 0) this.#timer = host.clock.setTimeout(() => this.#flush(), 0);
  }

  #append(bytes: Buffer): void {
    const { maxBytes = 50 * 1024 * 1024 } = this.#options;
    this.#file ??= this.#open();
    for (let written = 0; written < bytes.length;) written += writeSync(this.#file, bytes, written);
    this.#size += bytes.length;
    if (this.#size < maxBytes) return;
    closeSync(this.#file);
    this.#file = undefined;
    this.#rotate();
  }

  #open(): number {
    const { directory } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = openSync(join(directory, "audit.log"), "a", 0o600);
    this.#size = fstatSync(file).size;
    return file;
  }

  #rotate(): void {
    const { directory, maxFiles = 4 } = this.#options;
    const path = (index: number): string => join(directory, index === 0 ? "audit.log" : `audit.log.${index}`);
    rmSync(path(maxFiles), { force: true });
    for (let index = maxFiles - 1; index >= 0; index--) {
      try {
        renameSync(path(index), path(index + 1));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
  }

  #reopenLater(error: unknown): void {
    this.#options.host.log.error("the audit log cannot be written", { error: messageOf(error) });
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
