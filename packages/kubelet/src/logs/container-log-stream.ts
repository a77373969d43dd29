import { sleep, type Clock } from "@skiff/base";
import { hasErrorCode, type FileReader, type FileSystem } from "../file-system.ts";
import { parseCriLogLine, type CriLogLine } from "./cri-log-line.ts";
import { tailPosition } from "./log-tail.ts";

const LINE_FEED = 0x0a;
const BLOCK_BYTES = 64 * 1024;
/** A line of a log that is longer than any runtime writes; it is passed over. */
const MAX_LINE_BYTES = 1024 * 1024;
/** How often a log that is followed is looked at. */
const POLL_MS = 250;

/** What of a log is wanted (`PodLogOptions`). */
export interface LogOptions {
  readonly follow?: boolean;
  /** Absent: from the beginning. */
  readonly tailLines?: number;
  /** Wall time in milliseconds; only lines that are not older. */
  readonly sinceMs?: number;
  readonly timestamps?: boolean;
  readonly limitBytes?: number;
  /** Default both. */
  readonly stream?: "stdout" | "stderr";
}

/** What a log is read with. */
interface LogSource {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly path: string;
  /** False once the container has ended: then a log that is followed ends where it ends. */
  readonly isRunning: () => Promise<boolean>;
}

/**
 * The content of a container's log, without the runtime's framing.
 *
 * Guarantees: holds one block at a time, however large the log; a log that is rotated while it is followed goes on in
 * its successor without a gap. Errors: rejects when there is no log.
 */
export async function* containerLogStream(source: LogSource, options: LogOptions, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const limit = { bytes: options.limitBytes ?? Number.POSITIVE_INFINITY };
  let file = await source.fileSystem.open(source.path);
  try {
    let position = await startPosition(file, options);
    const decoder = new LineDecoder();
    const writer = new LineWriter(options);
    while (!signal.aborted) {
      const block = await file.read(position, BLOCK_BYTES);
      if (block.length > 0) {
        position += block.length;
        const output = cut(writer.write(decoder.push(block)), limit);
        if (output.length > 0) yield output;
        if (limit.bytes <= 0) return;
        continue;
      }
      const last = cut(writer.write(options.follow ? [] : decoder.rest()), limit);
      if (last.length > 0) yield last;
      if (!options.follow) return;
      const wasRunning = await source.isRunning();
      const next = await successor(source, file);
      if (next !== undefined) {
        await file.close();
        file = next;
        position = 0;
        continue;
      }
      // Asked before the end of the file was seen again: what was written last is not lost.
      if (!wasRunning && (await file.read(position, 1)).length === 0) return;
      if (wasRunning) await sleep(source.clock, POLL_MS, signal).catch(() => {});
    }
  } finally {
    await file.close();
  }
}

async function startPosition(file: FileReader, { tailLines, stream }: LogOptions): Promise<number> {
  if (tailLines === undefined) return 0;
  const { sizeBytes } = await file.status();
  // With one stream only, the last lines of the file are not the last lines of the stream.
  return stream === undefined ? tailPosition(file, sizeBytes, tailLines) : streamTail(file, sizeBytes, tailLines, stream);
}

/** Where the last `lines` lines of one stream begin; reads from the front with constant memory for each wanted line. */
async function streamTail(file: FileReader, sizeBytes: number, lines: number, stream: "stdout" | "stderr"): Promise<number> {
  if (lines === 0) return sizeBytes;
  const starts: number[] = [];
  const decoder = new LineDecoder();
  let position = 0;
  let lineStart = 0;
  while (position < sizeBytes) {
    const block = await file.read(position, BLOCK_BYTES);
    if (block.length === 0) break;
    position += block.length;
    for (const line of decoder.push(block)) {
      if (line.parsed?.stream === stream && !line.parsed.partial) starts.push(lineStart);
      lineStart += line.sizeBytes;
    }
    if (starts.length > 2 * lines) starts.splice(0, starts.length - lines);
  }
  return starts.at(-lines) ?? 0;
}

/** The file that has taken the log's place, once the runtime writes into a new one. */
async function successor(source: LogSource, file: FileReader): Promise<FileReader | undefined> {
  const now = await source.fileSystem.stat(source.path);
  if (now === undefined || now.inode === (await file.status()).inode) return undefined;
  try {
    return await source.fileSystem.open(source.path);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function cut(output: Uint8Array, limit: { bytes: number }): Uint8Array {
  const kept = output.length > limit.bytes ? output.subarray(0, limit.bytes) : output;
  limit.bytes -= kept.length;
  return kept;
}

interface DecodedLine {
  readonly parsed: CriLogLine | undefined;
  /** In the file, with its line feed. */
  readonly sizeBytes: number;
}

/** Cuts blocks into lines. */
class LineDecoder {
  #pending: Uint8Array = new Uint8Array();

  push(block: Uint8Array): DecodedLine[] {
    const bytes = this.#pending.length === 0 ? block : Buffer.concat([this.#pending, block]);
    const lines: DecodedLine[] = [];
    let start = 0;
    for (let feed = bytes.indexOf(LINE_FEED); feed >= 0; feed = bytes.indexOf(LINE_FEED, start)) {
      lines.push({ parsed: parseCriLogLine(bytes.subarray(start, feed)), sizeBytes: feed - start + 1 });
      start = feed + 1;
    }
    this.#pending = bytes.length - start > MAX_LINE_BYTES ? new Uint8Array() : bytes.slice(start);
    return lines;
  }

  /** A last line without its line feed. */
  rest(): DecodedLine[] {
    if (this.#pending.length === 0) return [];
    const line = { parsed: parseCriLogLine(this.#pending), sizeBytes: this.#pending.length };
    this.#pending = new Uint8Array();
    return [line];
  }
}

/** Puts the pieces of long lines together again and writes times in front where they are wanted. */
class LineWriter {
  readonly #options: LogOptions;
  readonly #atLineStart = { stdout: true, stderr: true };

  constructor(options: LogOptions) {
    this.#options = options;
  }

  write(lines: readonly DecodedLine[]): Uint8Array {
    const { stream, sinceMs, timestamps } = this.#options;
    const pieces: Uint8Array[] = [];
    for (const { parsed } of lines) {
      if (parsed === undefined || (stream !== undefined && parsed.stream !== stream)) continue;
      if (sinceMs !== undefined && Date.parse(parsed.time) < sinceMs) continue;
      if (timestamps && this.#atLineStart[parsed.stream]) pieces.push(Buffer.from(`${parsed.time} `));
      pieces.push(parsed.content);
      if (!parsed.partial) pieces.push(Uint8Array.of(LINE_FEED));
      this.#atLineStart[parsed.stream] = !parsed.partial;
    }
    return Buffer.concat(pieces);
  }
}
