import { closeSync, ftruncateSync, fstatSync, openSync, readSync } from "node:fs";
import { CorruptRecordError, StoreFormatError } from "./store.ts";

/**
 * Where the two meta pages of an LMDB file (as the `lmdb` package lays it out on 64-bit machines) keep what is looked at
 * here, in bytes from the start of the page; numbers are in the byte order of the machine.
 */
const META = { magic: 24, pageSize: 48, lastPage: 144, transaction: 152, end: 160 } as const;
const MAGIC = 0xbeefc0de;
const PAGE_MIN_BYTES = 512;
/** No file system that matters holds a larger file (ext4's limit): a file that says so is damaged. */
const FILE_MAX_BYTES = 16 * 2 ** 40;

/**
 * Looks at a file before LMDB maps it into memory, since LMDB trusts what it maps: a file of another kind, or one that is
 * shorter than it says, would end the process with a signal instead of an error.
 *
 * A file that is too short is made longer, with zeros, which LMDB and the checksums of the records then find out. That it
 * is short does not by itself mean damage: LMDB may leave out pages at the end that it has freed again.
 *
 * Errors: {@link StoreFormatError}, {@link CorruptRecordError}.
 */
export function checkLmdbFile(path: string): void {
  let file: number;
  try {
    file = openSync(path, "r+");
  } catch {
    // No file yet, or one that LMDB cannot open either and has the better error for.
    return;
  }
  try {
    const { size } = fstatSync(file);
    if (size === 0) return;
    const first = readMeta(file, 0);
    if (first === undefined) {
      throw new StoreFormatError(`${path} is not a Skiff store; move it away or choose another data directory`);
    }
    if (size < 2 * first.pageSize) throw new CorruptRecordError(`${path} was cut short: only ${size} bytes are left; restore a backup`);
    const second = readMeta(file, first.pageSize);
    const newest = second !== undefined && second.transaction > first.transaction ? second : first;
    const expected = (Number(newest.lastPage) + 1) * newest.pageSize;
    if (expected > FILE_MAX_BYTES) throw new CorruptRecordError(`the first page of ${path} is damaged; restore a backup`);
    if (size < expected) ftruncateSync(file, expected);
  } finally {
    closeSync(file);
  }
}

interface Meta {
  readonly pageSize: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

function readMeta(file: number, start: number): Meta | undefined {
  const bytes = Buffer.alloc(META.end);
  readSync(file, bytes, 0, META.end, start);
  // All machines that Node.js runs on in earnest are little-endian.
  if (bytes.readUInt32LE(META.magic) !== MAGIC) return undefined;
  // A file that ends before this field reads as 0 here, and counts as one of the smallest pages.
  const pageSize = Math.max(bytes.readUInt32LE(META.pageSize), PAGE_MIN_BYTES);
  return { pageSize, lastPage: bytes.readBigUInt64LE(META.lastPage), transaction: bytes.readBigUInt64LE(META.transaction) };
}
