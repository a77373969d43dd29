import type { Clock } from "@skiff/base";
import type { LmdbFile } from "./lmdb-file.ts";
import { decodeHeader, type RecordId } from "./lmdb-record.ts";
import type { StoreState } from "./lmdb-state.ts";
import { MvccIndex } from "./mvcc-index.ts";
import { CorruptRecordError } from "./store.ts";

/** How many records are loaded before other work runs. */
const RECORDS_PER_TURN = 5000;
/** How many records one commit removes. */
const DELETES_PER_COMMIT = 1000;

/** Where the value of a version is: in the log, under its revision and `order`. */
export interface Location {
  readonly order: number;
  /** The value itself while it is not in the log yet. */
  value?: Uint8Array;
}

/** The keys of a store, and the records that an interrupted compaction left behind, in groups of a commit's size. */
interface LoadedIndex {
  readonly index: MvccIndex<Location>;
  readonly garbage: readonly (readonly RecordId[])[];
}

/**
 * Builds the index from the log.
 *
 * Errors: {@link CorruptRecordError} when a record's header is damaged, or when records are missing: without them the
 * store would answer that keys do not exist.
 */
export async function loadIndex(file: LmdbFile, state: StoreState, clock: Clock): Promise<LoadedIndex> {
  const index = new MvccIndex<Location>();
  const obsolete: RecordId[] = [];
  const keys = new Set<string>();
  let records = 0;
  for (const { id, bytes } of file.scan({ revision: 0, order: 0 }, { revision: Number.MAX_SAFE_INTEGER, order: 0 })) {
    const { key, createRevision, version } = decodeHeader(id, bytes);
    if (id.revision > state.revision)
      throw new CorruptRecordError(`the log has revision ${id.revision}, past the newest one; restore a backup`);
    const tombstoneOfNothing = version === 0 && index.history(key) === undefined;
    if (tombstoneOfNothing) {
      // The last trace of a key that was compacted away. It is kept only at the compact revision, for replays.
      if (id.revision < state.compactRevision) obsolete.push(id);
    } else {
      index.append(key, { modRevision: id.revision, createRevision, version, payload: { order: id.order } });
      if (id.revision <= state.compactRevision) keys.add(key);
    }
    if (++records % RECORDS_PER_TURN === 0) await clock.yield();
  }
  if (records !== state.records) {
    throw new CorruptRecordError(`the log has ${records} records and should have ${state.records}; restore a backup`);
  }
  for (const key of keys) obsolete.push(...obsoleteRecords(index, key, state.compactRevision));
  return { index, garbage: chunk(obsolete, DELETES_PER_COMMIT) };
}

/**
 * Compacts the history of `key` and answers the records that are of no more use. A record at `revision` itself stays in
 * the log even when it is a deletion: a watch may start there.
 */
export function obsoleteRecords(index: MvccIndex<Location>, key: string, revision: number): RecordId[] {
  return index
    .compact(key, revision)
    .filter(({ modRevision }) => modRevision < revision)
    .map(({ modRevision, payload }) => ({ revision: modRevision, order: payload.order }));
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}
