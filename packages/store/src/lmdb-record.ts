import { crc32 } from "node:zlib";
import { CorruptRecordError } from "./store.ts";

/** Names one record of the log: the revision that made it, and its place among the changes of that revision. */
export interface RecordId {
  readonly revision: number;
  readonly order: number;
}

/** One change of one key, as the log keeps it. */
export interface LogRecord {
  readonly key: string;
  readonly createRevision: number;
  /** 0: the key was deleted. */
  readonly version: number;
  readonly value: Uint8Array;
}

/**
 * A record, all numbers big-endian:
 *
 *     0  uint32  checksum (CRC-32) of the record's name in the log and of bytes 4 to the end of the key
 *     4  uint32  checksum (CRC-32) of the value
 *     8  uint32  length of the value
 *    12  uint32  length of the key
 *    16  float64 create revision
 *    24  float64 version
 *    32  key (UTF-8), then the value
 *
 * The checksum of the header takes in the name under which the record is kept, so that a record that ended up in
 * another place is found out; the value has its own, so that opening the store need not look at values.
 */
const HEADER_BYTES = 32;

/** The bytes of a {@link RecordId} as LMDB sorts them. */
export function encodeRecordId(id: RecordId): Buffer {
  const bytes = Buffer.allocUnsafe(12);
  bytes.writeUInt32BE(Math.floor(id.revision / 2 ** 32), 0);
  bytes.writeUInt32BE(id.revision % 2 ** 32, 4);
  bytes.writeUInt32BE(id.order, 8);
  return bytes;
}

/** Takes the bytes of a {@link RecordId} apart again. */
export function decodeRecordId(bytes: Uint8Array): RecordId {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { revision: view.getUint32(0) * 2 ** 32 + view.getUint32(4), order: view.getUint32(8) };
}

/** The bytes of a record. */
export function encodeRecord(id: RecordId, { key, createRevision, version, value }: LogRecord): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + keyBytes + value.length);
  bytes.writeUInt32BE(crc32(value), 4);
  bytes.writeUInt32BE(value.length, 8);
  bytes.writeUInt32BE(keyBytes, 12);
  bytes.writeDoubleBE(createRevision, 16);
  bytes.writeDoubleBE(version, 24);
  bytes.write(key, HEADER_BYTES, "utf8");
  bytes.set(value, HEADER_BYTES + keyBytes);
  bytes.writeUInt32BE(headerChecksum(id, bytes, HEADER_BYTES + keyBytes), 0);
  return bytes;
}

/** The bytes of a record without its value, and where the value is. */
interface RecordHeader extends Omit<LogRecord, "value"> {
  /** The checksum of the value is not checked yet: see {@link decodeRecord}. */
  readonly valueStart: number;
}

/** Reads everything but the value. Errors: {@link CorruptRecordError}. */
export function decodeHeader(id: RecordId, bytes: Buffer): RecordHeader {
  const keyBytes = bytes.length < HEADER_BYTES ? Number.POSITIVE_INFINITY : bytes.readUInt32BE(12);
  const valueStart = HEADER_BYTES + keyBytes;
  if (valueStart > bytes.length || valueStart + bytes.readUInt32BE(8) !== bytes.length) throw corrupt(id, "has the wrong length");
  if (bytes.readUInt32BE(0) !== headerChecksum(id, bytes, valueStart)) throw corrupt(id, "has a wrong checksum");
  return {
    key: bytes.toString("utf8", HEADER_BYTES, valueStart),
    createRevision: bytes.readDoubleBE(16),
    version: bytes.readDoubleBE(24),
    valueStart,
  };
}

/** Reads a record. Errors: {@link CorruptRecordError}. */
export function decodeRecord(id: RecordId, bytes: Buffer | undefined): LogRecord {
  if (bytes === undefined) throw corrupt(id, "is missing");
  const { valueStart, ...header } = decodeHeader(id, bytes);
  // A plain view, not a Buffer: every store hands out the same type.
  const value = new Uint8Array(bytes.buffer, bytes.byteOffset + valueStart, bytes.length - valueStart);
  if (bytes.readUInt32BE(4) !== crc32(value)) throw corrupt(id, `of the key ${header.key} has a value with a wrong checksum`);
  return { ...header, value };
}

function headerChecksum(id: RecordId, bytes: Buffer, end: number): number {
  return crc32(bytes.subarray(4, end), crc32(encodeRecordId(id)));
}

function corrupt(id: RecordId, what: string): CorruptRecordError {
  return new CorruptRecordError(
    `the record of revision ${id.revision} (change ${id.order}) ${what}: the disk or the file system has damaged the store; restore a backup`,
  );
}
