const NEWLINE = 0x0a;

/** Thrown when a line is longer than the limit. */
export class LineTooLongError extends Error {
  override readonly name = "LineTooLongError";
}

/**
 * Cuts a stream of bytes into lines. Each byte is looked at once and copied at most once, however the stream is chunked.
 *
 * Errors: `push` throws {@link LineTooLongError} when a line passes `limitBytes`; the splitter must not be used afterwards.
 */
export class LineSplitter {
  readonly #limitBytes: number;
  #parts: Buffer[] = [];
  #sizeBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The lines that `chunk` completes, without their newlines; empty ones are left out. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      this.#append(chunk.subarray(start, end));
      const line = this.rest();
      if (line !== "") lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) this.#append(chunk.subarray(start));
    return lines;
  }

  /** Takes what came after the last newline. */
  rest(): string {
    const line = this.#parts.length === 1 ? this.#parts[0]!.toString("utf8") : Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    this.#sizeBytes = 0;
    return line;
  }

  #append(part: Buffer): void {
    this.#sizeBytes += part.length;
    if (this.#sizeBytes > this.#limitBytes) throw new LineTooLongError(`a line is longer than ${this.#limitBytes} bytes`);
    this.#parts.push(part);
  }
}
