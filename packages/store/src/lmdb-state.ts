import { crc32 } from "node:zlib";
import { CorruptRecordError, StoreFormatError } from "./store.ts";

/** The version of the layout of the file. Raised when the layout changes; older ones are then migrated at the start. */
const FORMAT_VERSION = 1;

const FORMAT = "skiff-store";

/** What the store knows about itself; rewritten by each commit. */
export interface StoreState {
  /** The newest revision. */
  readonly revision: number;
  /** The oldest revision that can be read; 0: nothing was ever compacted. */
  readonly compactRevision: number;
  /** How many records the log holds. A different number at the next start means that records were lost. */
  readonly records: number;
}

/** The state of a store that is empty. */
export const EMPTY_STATE: StoreState = { revision: 1, compactRevision: 0, records: 0 };

/** The state as bytes: one line of JSON after its checksum in eight hexadecimal digits. */
export function encodeState(state: StoreState): Buffer {
  const json = JSON.stringify({ format: FORMAT, formatVersion: FORMAT_VERSION, ...state });
  return Buffer.from(`${checksum(json)} ${json}`);
}

/**
 * Reads the state. Errors: {@link CorruptRecordError} for a wrong checksum, {@link StoreFormatError} for what this version
 * cannot read.
 */
export function decodeState(bytes: Buffer): StoreState {
  const text = bytes.toString("utf8");
  const json = text.slice(9);
  if (text.slice(0, 8) !== checksum(json)) throw new CorruptRecordError("the state of the store has a wrong checksum; restore a backup");
  const { format, formatVersion, ...state } = JSON.parse(json) as StoreState & { format: string; formatVersion: number };
  if (format !== FORMAT) throw new StoreFormatError(`the file holds "${format}", not a Skiff store; choose another data directory`);
  if (formatVersion !== FORMAT_VERSION) {
    throw new StoreFormatError(
      `the store has format version ${formatVersion} and this version of Skiff knows ${FORMAT_VERSION}; run the version of Skiff that wrote it, or a newer one`,
    );
  }
  return state;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
