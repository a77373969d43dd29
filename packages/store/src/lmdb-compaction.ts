import type { LmdbFile, RawRecord } from "./lmdb-file.ts";
import { obsoleteRecords, type Location } from "./lmdb-load.ts";
import { decodeHeader, type RecordId } from "./lmdb-record.ts";
import type { MvccIndex } from "./mvcc-index.ts";

/** How many records one step looks at. */
const RECORDS_PER_STEP = 500;

/**
 * Walks the log from the last compaction at `from` to the new one at `to` and yields, step by step, the records that are
 * of no more use. Each step is bounded; the caller removes what it got before it asks for the next.
 */
export function* compactInSteps(file: LmdbFile, index: MvccIndex<Location>, from: number, to: number): Generator<readonly RecordId[]> {
  let next: RecordId = { revision: from, order: 0 };
  for (;;) {
    const step = takeStep(file, next, to);
    // A record can come up twice: as what a later change replaced, and as a deletion that was left for replays.
    const obsolete = new Map<string, RecordId>();
    const add = (id: RecordId): void => void obsolete.set(`${id.revision}/${id.order}`, id);
    for (const { id, bytes } of step) {
      const { key, version } = decodeHeader(id, bytes);
      for (const dropped of obsoleteRecords(index, key, to)) add(dropped);
      if (version === 0 && id.revision < to) add(id);
    }
    yield [...obsolete.values()];
    const last = step.at(-1);
    if (last === undefined || step.length < RECORDS_PER_STEP) return;
    next = { revision: last.id.revision, order: last.id.order + 1 };
  }
}

function takeStep(file: LmdbFile, from: RecordId, to: number): RawRecord[] {
  const step: RawRecord[] = [];
  for (const record of file.scan(from, { revision: to + 1, order: 0 })) {
    step.push(record);
    if (step.length === RECORDS_PER_STEP) break;
  }
  return step;
}
