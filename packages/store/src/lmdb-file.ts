import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "@skiff/base";
import { open, type Database, type RootDatabase } from "lmdb";
import { checkLmdbFile } from "./lmdb-header.ts";
import { decodeRecordId, encodeRecordId, type RecordId } from "./lmdb-record.ts";
import { CorruptRecordError, StoreFormatError, StoreUnavailableError } from "./store.ts";

const FILE_NAME = "store.lmdb";
const STATE_NAME = "state";
const LOG_NAME = "log";
const STATE_KEY = "state";

/**
 * What must be free on the disk beside twice the bytes of a commit: pages that the trees copy. LMDB must not meet a full
 * disk: a commit that fails in the middle of its writes damages the memory of the process, and some later one ends it.
 */
const RESERVED_BYTES = 4 * 1024 * 1024;

/** What one durable commit writes. */
export interface FileCommit {
  /** Raised by one by each commit; the commit is refused when the file is at another one. */
  readonly sequence: number;
  readonly state: Buffer;
  readonly puts: readonly { readonly id: RecordId; readonly bytes: Buffer }[];
  readonly deletes: readonly RecordId[];
}

/** A record as it is in the file; its checksums are not checked yet. */
export interface RawRecord {
  readonly id: RecordId;
  readonly bytes: Buffer;
}

/** The state of the file at one moment: later commits do not change what it reads. */
interface FileSnapshot {
  get(id: RecordId): Buffer | undefined;
  /** Must be called: an open snapshot keeps the file from reusing space. */
  release(): void;
}

/** An LMDB file with one record for the state of the store and one for each change. */
export class LmdbFile {
  readonly #root: RootDatabase;
  readonly #meta: Database<Buffer, string>;
  readonly #log: Database<Buffer, Buffer>;
  readonly #freeBytes: () => number;

  /**
   * Opens or creates the file in `directory`. Errors: {@link StoreFormatError} when there is a file that is something
   * else, {@link CorruptRecordError} when it is damaged, {@link StoreUnavailableError} when it cannot be opened.
   *
   * `freeBytes` answers how much more the disk takes.
   */
  constructor(directory: string, freeBytes = () => freeBytesOf(directory)) {
    const path = join(directory, FILE_NAME);
    this.#freeBytes = freeBytes;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      checkLmdbFile(path);
      this.#root = open({
        path,
        noSubdir: true,
        // With overlapping syncs readers see a value before it is durable, and a power cut takes back what they saw.
        overlappingSync: false,
        maxDbs: 4,
      });
      const strange = Array.from(this.#root.getKeys()).find((name) => name !== STATE_NAME && name !== LOG_NAME);
      if (strange !== undefined) {
        void this.#root.close();
        throw new StoreFormatError(
          `${path} is not a Skiff store: it holds "${String(strange)}"; move it away or choose another data directory`,
        );
      }
      this.#meta = this.#root.openDB<Buffer, string>({ name: STATE_NAME, encoding: "binary", useVersions: true });
      this.#log = this.#root.openDB<Buffer, Buffer>({ name: LOG_NAME, encoding: "binary", keyEncoding: "binary" });
    } catch (error) {
      if (error instanceof StoreFormatError || error instanceof CorruptRecordError) throw error;
      const message = messageOf(error);
      if (/MDB_INVALID|MDB_VERSION_MISMATCH|not an LMDB file/i.test(message)) {
        throw new StoreFormatError(`${path} is not a Skiff store; move it away or choose another data directory`, { cause: error });
      }
      if (DAMAGED.test(message)) throw damaged(error);
      throw new StoreUnavailableError(`cannot open the store in ${directory}: ${message}`, { cause: error });
    }
  }

  /** The state record and the sequence of the commit that wrote it; `undefined` in a new file. */
  state(): { readonly bytes: Buffer; readonly sequence: number } | undefined {
    const entry = reading(() => this.#meta.getEntry(STATE_KEY));
    return entry === undefined ? undefined : { bytes: entry.value, sequence: entry.version ?? 0 };
  }

  /**
   * Writes all of `commit` or nothing; resolves when it is on the disk. Answers false, having written nothing, when
   * another process has written to the file since.
   *
   * Errors: {@link StoreUnavailableError}, also when the disk has too little space; then the next commit may do better.
   */
  async commit({ sequence, state, puts, deletes }: FileCommit): Promise<boolean> {
    const needed = RESERVED_BYTES + 2 * puts.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (this.#freeBytes() < needed) throw new StoreUnavailableError("cannot write to the store: the disk is full");
    // `null` demands that there is no state yet. The types of lmdb leave it out; its documentation has it.
    const expected = (sequence === 1 ? null : sequence - 1) as number;
    const write = (): void => {
      for (const { id, bytes } of puts) void this.#log.put(encodeRecordId(id), bytes);
      for (const id of deletes) void this.#log.remove(encodeRecordId(id));
      void this.#meta.put(STATE_KEY, state, sequence);
    };
    try {
      return await this.#meta.ifVersion(STATE_KEY, expected, write);
    } catch (error) {
      // lmdb gives the error number in a second promise that rejects, and that nobody else listens to. Waiting for it is
      // not safe: it is not settled in every case.
      (error as { commitError?: Promise<unknown> }).commitError?.catch(() => {});
      throw new StoreUnavailableError(`cannot write to the store (${messageOf(error)}): is the disk full or broken?`, { cause: error });
    }
  }

  /** The record as the file has it now. */
  get(id: RecordId): Buffer | undefined {
    return reading(() => this.#log.getBinary(encodeRecordId(id)));
  }

  /** The records from `from` (included) to `to` (excluded), in order. The records after a commit are seen from the next call on. */
  *scan(from: RecordId, to: RecordId): Generator<RawRecord, void, undefined> {
    const records = reading(() => this.#log.getRange({ start: encodeRecordId(from), end: encodeRecordId(to) })[Symbol.iterator]());
    try {
      for (;;) {
        const next = reading(() => records.next());
        if (next.done === true) return;
        yield { id: decodeRecordId(next.value.key), bytes: next.value.value };
      }
    } finally {
      // Ends the cursor when the caller stops early.
      records.return?.();
    }
  }

  snapshot(): FileSnapshot {
    const transaction = this.#log.useReadTransaction();
    return {
      get: (id) => reading(() => this.#log.get(encodeRecordId(id), { transaction })),
      release: () => transaction.done(),
    };
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

/** What LMDB says of a file whose pages do not fit together. */
const DAMAGED =
  /MDB_CORRUPTED|MDB_PAGE_NOTFOUND|MDB_BAD_|MDB_CURSOR_FULL|invalid page|Located page was wrong type|Requested page not found/i;

/** Reads from LMDB, and says so when what it finds is damaged. Errors: {@link CorruptRecordError}, {@link StoreUnavailableError}. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (DAMAGED.test(messageOf(error))) throw damaged(error);
    throw new StoreUnavailableError(`cannot read the store: ${messageOf(error)}`, { cause: error });
  }
}

function damaged(cause: unknown): CorruptRecordError {
  return new CorruptRecordError(
    `the store's file is damaged or was cut short (${messageOf(cause)}): the disk or the file system has damaged it; restore a backup`,
    { cause },
  );
}

function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
