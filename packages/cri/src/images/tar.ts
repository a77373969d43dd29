/** One entry of a tar archive. */
export interface TarEntry {
  /** Relative, without a slash at the start or the end. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink" | "hardlink";
  /** Permission bits. Default 0o755 for directories, 0o777 for links, 0o644 for files. */
  readonly mode?: number;
  /** Default 0. */
  readonly uid?: number;
  /** Default 0. */
  readonly gid?: number;
  /** Of files; a function is called only when the entry is written, so that not all files are held in memory at once. */
  readonly content?: Uint8Array | (() => Uint8Array);
  /** Where a link points. */
  readonly linkTarget?: string;
}

const BLOCK = 512;
const TYPE_FLAGS = { file: "0", hardlink: "1", symlink: "2", directory: "5" } as const;
const DEFAULT_MODES = { file: 0o644, hardlink: 0o644, symlink: 0o777, directory: 0o755 } as const;

/** The largest size that the eleven octal digits of a header hold. */
const CONTENT_MAX_BYTES = 8 ** 11 - 1;

/**
 * Writes a tar archive (POSIX.1-2001: ustar with extended headers for long names), piece by piece. All times are the
 * epoch, so that the same entries always give the same bytes.
 */
export function* writeTar(entries: Iterable<TarEntry>): Generator<Uint8Array> {
  for (const entry of entries) yield* writeEntry(entry);
  yield new Uint8Array(2 * BLOCK);
}

function* writeEntry(entry: TarEntry): Generator<Uint8Array> {
  const path = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const linkTarget = entry.linkTarget ?? "";
  const records = [
    ...(Buffer.byteLength(path) > 100 ? [["path", path] as const] : []),
    ...(Buffer.byteLength(linkTarget) > 100 ? [["linkpath", linkTarget] as const] : []),
  ];
  if (records.length > 0) {
    const extended = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)));
    yield header({ path: "PaxHeader", flag: "x", mode: 0o644, uid: 0, gid: 0, sizeBytes: extended.length, linkTarget: "" });
    yield* padded(extended);
  }
  const content =
    entry.type !== "file"
      ? new Uint8Array(0)
      : typeof entry.content === "function"
        ? entry.content()
        : (entry.content ?? new Uint8Array(0));
  yield header({
    path: cut(path),
    flag: TYPE_FLAGS[entry.type],
    mode: entry.mode ?? DEFAULT_MODES[entry.type],
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    sizeBytes: content.length,
    linkTarget: cut(linkTarget),
  });
  yield* padded(content);
}

interface Header {
  readonly path: string;
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly linkTarget: string;
}

function header(fields: Header): Uint8Array {
  if (fields.sizeBytes > CONTENT_MAX_BYTES) throw new RangeError(`${fields.path} is larger than a tar entry can be`);
  const block = Buffer.alloc(BLOCK);
  block.write(fields.path, 0, 100);
  block.write(octal(fields.mode & 0o7777, 7), 100);
  block.write(octal(fields.uid, 7), 108);
  block.write(octal(fields.gid, 7), 116);
  block.write(octal(fields.sizeBytes, 11), 124);
  block.write(octal(0, 11), 136);
  block.fill(" ", 148, 156);
  block.write(fields.flag, 156);
  block.write(fields.linkTarget, 157, 100);
  block.write("ustar\u000000", 257, "latin1");
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${octal(checksum, 6)}\0 `, 148, "latin1");
  return block;
}

function* padded(content: Uint8Array): Generator<Uint8Array> {
  if (content.length > 0) yield content;
  const rest = content.length % BLOCK;
  if (rest > 0) yield new Uint8Array(BLOCK - rest);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** At most 100 bytes, never half a character; the extended header carries the whole. */
function cut(text: string): string {
  let result = text;
  while (Buffer.byteLength(result) > 100) result = result.slice(0, -1);
  return result;
}

/** `length key=value\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
