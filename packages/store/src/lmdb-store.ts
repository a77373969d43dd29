import { assert, type Clock } from "@skiff/base";
import { compactInSteps } from "./lmdb-compaction.ts";
import { LmdbFile } from "./lmdb-file.ts";
import { loadIndex, type Location } from "./lmdb-load.ts";
import { decodeHeader, decodeRecord, encodeRecord, type LogRecord, type RecordId } from "./lmdb-record.ts";
import { GroupCommit, type PendingWrite } from "./group-commit.ts";
import { decodeState, EMPTY_STATE, type StoreState } from "./lmdb-state.ts";
import type { MvccIndex, Version } from "./mvcc-index.ts";
import { readableRevision } from "./readable-revision.ts";
import { inRange, sortKey, type KeyRange } from "./sort-key.ts";
import {
  CompactedError,
  StoreUnavailableError,
  type KeyValue,
  type OperationResult,
  type RangeRequest,
  type RangeResponse,
  type Store,
  type StoreEvent,
  type StoreWatch,
  type StoreWatchRequest,
  type TxnRequest,
  type TxnResponse,
} from "./store.ts";
import { assertTxn, evaluate, isCut, selectRange, type Change, type Evaluated, type RangeSelection } from "./txn-evaluation.ts";
import { WatchHub, type HistoryPiece } from "./watch-hub.ts";

const NO_VALUE = new Uint8Array(0);
/** How many values a range reads, and how many records a replay looks at, before it lets other work run. */
const READS_PER_TURN = 500;

/** A transaction that is decided but not durable yet. */
interface DecidedWrite extends PendingWrite {
  readonly changes: readonly Change<Location>[];
}

/**
 * The store in one LMDB file: values and history on the disk, the keys in memory.
 *
 * Guarantees: those of the port. A transaction is decided, and given its revision, within the call; readers and watchers
 * see it when it is durable, in the same turn in which its promise resolves. Transactions that arrive while the disk is
 * busy share one commit. A record that fails its checksum is an error, never an answer.
 *
 * Memory: about 300 bytes a key and 100 a version that is not compacted (150,000 keys: about 45 MB), and the values of
 * writes that wait for the disk. Opening reads the log once.
 *
 * Caveats: one process at a time. A second one that opens the same file wins, and the first one refuses all further writes.
 */
export class LmdbStore implements Store {
  readonly #clock: Clock;
  readonly #file: LmdbFile;
  readonly #index: MvccIndex<Location>;
  readonly #commits: GroupCommit;
  readonly #hub: WatchHub;
  /** The newest revision that was given out; it may not be durable yet. */
  #decided: number;
  /** The newest durable revision: all that readers see. */
  #readable: number;
  #compactRevision: number;
  /** What compactions have made useless is removed from the log up to here, but for {@link LmdbStore.#garbage}. */
  #purgedTo: number;
  #garbage: RecordId[] = [];
  /** The last write that waits for the disk; answers that depend on it wait with it. */
  #lastWrite: Promise<void> = Promise.resolve();
  #compaction: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(clock: Clock, file: LmdbFile, index: MvccIndex<Location>, state: StoreState, sequence: number) {
    this.#clock = clock;
    this.#file = file;
    this.#index = index;
    this.#decided = state.revision;
    this.#readable = state.revision;
    this.#compactRevision = state.compactRevision;
    this.#purgedTo = state.compactRevision;
    this.#commits = new GroupCommit({
      commit: (commit) => file.commit(commit),
      state,
      sequence,
      events: {
        onCommitted: (committed, writes) => this.#onCommitted(committed, writes as readonly DecidedWrite[]),
        onFailed: (durable, writes) => this.#onFailed(durable, writes as readonly DecidedWrite[]),
      },
    });
    this.#hub = new WatchHub({
      revision: () => this.#readable,
      compactRevision: () => this.#compactRevision,
      history: (range, from, previous) => this.#history(range, from, previous),
      pause: () => clock.yield(),
    });
  }

  /**
   * Opens the store in `directory`, or makes a new one.
   *
   * Errors: `StoreFormatError`, `CorruptRecordError` (records are damaged or missing), {@link StoreUnavailableError}.
   */
  static async open(options: {
    readonly directory: string;
    readonly clock: Clock;
    /** How much more the disk takes; default: what the system says. */
    readonly freeBytes?: () => number;
  }): Promise<LmdbStore> {
    const file = new LmdbFile(options.directory, options.freeBytes);
    try {
      const found = file.state();
      const state = found === undefined ? EMPTY_STATE : decodeState(found.bytes);
      const { index, garbage } = await loadIndex(file, state, options.clock);
      const store = new LmdbStore(options.clock, file, index, state, found?.sequence ?? 0);
      // The first commit claims the file: a process that still has it open finds out at its next write.
      await store.#write({ puts: [], deletes: [], revision: state.revision, changes: [] });
      for (const deletes of garbage) await store.#write({ puts: [], deletes, revision: state.revision, changes: [] });
      return store;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async range(request: RangeRequest): Promise<RangeResponse> {
    this.#assertOpen();
    if (request.revision) this.#check(request.revision);
    const selection = selectRange(this.#index, this.#readable, request);
    if (request.countOnly || request.keysOnly || selection.selected.length <= READS_PER_TURN) return this.#response(selection);
    const snapshot = this.#file.snapshot();
    try {
      const kvs: KeyValue[] = [];
      for (const { key, version } of selection.selected) {
        kvs.push(toKeyValue(key, version, decodeRecord(idOf(version), snapshot.get(idOf(version))).value));
        if (kvs.length % READS_PER_TURN !== 0) continue;
        await this.#clock.yield();
        this.#assertOpen();
      }
      return { revision: selection.revision, kvs, more: isCut(selection), count: selection.count };
    } finally {
      snapshot.release();
    }
  }

  async txn(request: TxnRequest): Promise<TxnResponse> {
    this.#assertOpen();
    assertTxn(request);
    this.#commits.assertReady();
    const { succeeded, revision, results, changes } = evaluate(this.#index, this.#decided, request, toLocation, (asked) =>
      this.#check(asked),
    );
    this.#decided = revision;
    const puts = changes.map(encodeChange);
    // From here to the first await nothing else runs: values are read as the transaction saw them.
    const written = changes.length > 0 ? this.#write({ puts, deletes: [], revision, changes }) : this.#lastWrite;
    let answers: OperationResult[];
    try {
      answers = results.map((result) => this.#toResult(result));
    } catch (error) {
      await written.catch(() => {});
      throw error;
    }
    // What was read may not be durable yet either, so that reads wait too.
    if (revision > this.#readable) await written;
    return { succeeded, revision, results: answers };
  }

  watch(request: StoreWatchRequest): StoreWatch {
    this.#assertOpen();
    return this.#hub.watch(request);
  }

  compact(revision: number): Promise<void> {
    const compacted = this.#compaction.then(() => this.#compact(revision));
    this.#compaction = compacted.catch(() => {});
    return compacted;
  }

  async currentRevision(): Promise<number> {
    this.#assertOpen();
    return this.#readable;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#hub.close();
    await this.#compaction;
    await this.#commits.idle();
    await this.#file.close();
  }

  async #compact(revision: number): Promise<void> {
    this.#assertOpen();
    this.#check(revision);
    if (revision === this.#compactRevision) throw new CompactedError(revision);
    // First the promise, then its effect: a crash in between leaves garbage, which the next start removes.
    await this.#write({ puts: [], deletes: [], revision: this.#decided, compactRevision: revision, changes: [] });
    for (const deletes of compactInSteps(this.#file, this.#index, this.#purgedTo, revision)) {
      if (this.#closed) return;
      this.#garbage.push(...deletes);
      await this.#purge();
      await this.#clock.yield();
    }
    this.#purgedTo = revision;
  }

  /** Removes the records that are of no more use. What fails (a full disk) is tried again by the next compaction. */
  async #purge(): Promise<void> {
    const deletes = this.#garbage;
    if (deletes.length === 0) return;
    this.#garbage = [];
    await this.#write({ puts: [], deletes, revision: this.#decided, changes: [] }).catch((error: unknown) => {
      this.#garbage = [...deletes, ...this.#garbage];
      throw error;
    });
  }

  #write(write: DecidedWrite): Promise<void> {
    const written = this.#commits.write(write);
    this.#lastWrite = written;
    // Those who wait for the write see the error; the copy kept here must not count as unhandled.
    written.catch(() => {});
    return written;
  }

  #onCommitted({ revision, compactRevision }: StoreState, writes: readonly DecidedWrite[]): void {
    this.#readable = revision;
    this.#compactRevision = compactRevision;
    const changes = writes.flatMap((write) => write.changes);
    if (changes.length === 0) return;
    const events = this.#hub.size === 0 ? [] : changes.map((change) => this.#toEvent(change, this.#hub.wantsPrevious));
    for (const { version } of changes) version.payload.value = undefined;
    this.#hub.publish({ revision, events });
  }

  #onFailed({ revision }: StoreState, writes: readonly DecidedWrite[]): void {
    this.#index.rollBack(new Set(writes.flatMap((write) => write.changes.map((change) => change.key))), revision);
    this.#decided = revision;
  }

  #history(range: KeyRange, from: number, previous: boolean): HistoryPiece {
    const events: StoreEvent[] = [];
    let looked = 0;
    let last = from - 1;
    for (const { id, bytes } of this.#file.scan({ revision: from, order: 0 }, { revision: this.#readable + 1, order: 0 })) {
      // A revision is never split, however many changes it has.
      if (looked >= READS_PER_TURN && id.revision > last) return { revision: last, events };
      last = id.revision;
      looked++;
      const { key } = decodeHeader(id, bytes);
      if (inRange(range, sortKey(key))) events.push(this.#replayed(id, decodeRecord(id, bytes), previous));
    }
    return { revision: this.#readable, events };
  }

  #replayed(id: RecordId, { key, value, createRevision, version }: LogRecord, withPrevious: boolean): StoreEvent {
    const kv: KeyValue = { key, value, createRevision, modRevision: id.revision, version };
    const type = version === 0 ? "delete" : "put";
    if (!withPrevious || id.revision <= this.#compactRevision) return { type, kv };
    const before = this.#index.at(key, id.revision - 1);
    return before === undefined ? { type, kv } : { type, kv, previous: this.#toKeyValue(key, before) };
  }

  #toEvent({ key, version, previous }: Change<Location>, withPrevious: boolean): StoreEvent {
    const kv = toKeyValue(key, version, version.payload.value ?? NO_VALUE);
    const type = version.version === 0 ? "delete" : "put";
    return previous === undefined || !withPrevious ? { type, kv } : { type, kv, previous: this.#toKeyValue(key, previous) };
  }

  #toResult(result: Evaluated<Location>): OperationResult {
    return result.type === "range" ? { type: "range", ...this.#response(result) } : result;
  }

  #response(selection: RangeSelection<Location>): RangeResponse {
    const { request, revision, selected, count } = selection;
    const value = ({ key, version }: (typeof selected)[number]): KeyValue =>
      request.keysOnly ? toKeyValue(key, version, NO_VALUE) : this.#toKeyValue(key, version);
    return { revision, kvs: selected.map(value), more: isCut(selection), count };
  }

  #toKeyValue(key: string, version: Version<Location>): KeyValue {
    const { value } = version.payload;
    if (value !== undefined) return toKeyValue(key, version, value);
    const record = decodeRecord(idOf(version), this.#file.get(idOf(version)));
    assert(record.key === key, "the index points to the record of another key");
    return toKeyValue(key, version, record.value);
  }

  #check(revision: number): void {
    readableRevision(revision, { newest: this.#readable, oldest: this.#compactRevision });
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreUnavailableError("the store is closed");
  }
}

function idOf({ modRevision, payload }: Version<Location>): RecordId {
  return { revision: modRevision, order: payload.order };
}

function toLocation(_key: string, value: Uint8Array | undefined, _version: unknown, order: number): Location {
  return { order, value: value ?? NO_VALUE };
}

function encodeChange({ key, version }: Change<Location>): { id: RecordId; bytes: Buffer } {
  const { createRevision, version: count, payload } = version;
  const id = idOf(version);
  return { id, bytes: encodeRecord(id, { key, createRevision, version: count, value: payload.value ?? NO_VALUE }) };
}

function toKeyValue(key: string, { createRevision, modRevision, version }: Omit<Version<unknown>, "payload">, value: Uint8Array): KeyValue {
  return { key, value, createRevision, modRevision, version };
}
