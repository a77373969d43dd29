import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";

const CHUNK_BYTES = 64 * 1024;
/** Enough of the end of a log for any `--tail` that a person reads. */
const TAIL_BYTES = 4 * 1024 * 1024;

/** Reads the log of a process to its end, and on from there, across the moments in which it is put aside (as `.1`) and begun anew. */
export class LogReader {
  readonly #file: string;
  readonly #out: (text: string) => void;
  /** Up to where the log was read, in bytes. */
  #position = 0;

  constructor(file: string, out: (text: string) => void) {
    this.#file = file;
    this.#out = out;
  }

  /** Prints the last lines; at most the last 4 MiB of the log and of the one that was put aside last. */
  tail(lines: number): void {
    const { text: recent, size } = readTail(this.#file);
    const text = recent.split("\n").length > lines || !existsSync(this.#older) ? recent : readTail(this.#older).text + recent;
    const last = text.split("\n").slice(-lines - (text.endsWith("\n") ? 1 : 0));
    this.#out(last.join("\n"));
    this.#position = size;
  }

  /** Prints what was added since the last call. */
  added(): void {
    if (statSync(this.#file).size < this.#position) {
      // It was put aside whole, so that what was not read of it lies at the same place there.
      if (existsSync(this.#older)) this.#printFrom(this.#older);
      this.#position = 0;
    }
    this.#printFrom(this.#file);
  }

  get #older(): string {
    return `${this.#file}.1`;
  }

  #printFrom(file: string): void {
    const handle = openSync(file, "r");
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let read = 0; (read = readSync(handle, buffer, 0, CHUNK_BYTES, this.#position)) > 0; this.#position += read)
      this.#out(buffer.subarray(0, read).toString());
    closeSync(handle);
  }
}

function readTail(file: string): { readonly text: string; readonly size: number } {
  const { size } = statSync(file);
  const handle = openSync(file, "r");
  const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
  const read = readSync(handle, buffer, 0, buffer.length, size - buffer.length);
  closeSync(handle);
  return { text: buffer.subarray(0, read).toString(), size };
}
