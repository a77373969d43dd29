import { MvccIndex } from "./mvcc-index.ts";
import { readableRevision } from "./readable-revision.ts";
import type { KeyRange } from "./sort-key.ts";
import { inRange, sortKey } from "./sort-key.ts";
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

/**
 * The store in memory: for tests, simulations and throw-away clusters.
 *
 * Guarantees: those of the port; a transaction is carried out and its watchers are called before `txn` returns its
 * promise. Nothing survives `close`. Memory: grows with the history until {@link MemoryStore.compact}.
 */
export class MemoryStore implements Store {
  readonly #index = new MvccIndex<KeyValue>();
  readonly #hub: WatchHub;
  /** The events of each revision from {@link MemoryStore.#logStart} on. */
  #log: (readonly StoreEvent[])[] = [];
  #logStart = 2;
  #revision = 1;
  #compactRevision = 0;
  #closed = false;

  constructor() {
    this.#hub = new WatchHub({
      revision: () => this.#revision,
      compactRevision: () => this.#compactRevision,
      history: (range, from) => this.#history(range, from),
      pause: () => Promise.resolve(),
    });
  }

  async range(request: RangeRequest): Promise<RangeResponse> {
    this.#assertOpen();
    if (request.revision) this.#check(request.revision);
    return rangeResponse(selectRange(this.#index, this.#revision, request));
  }

  async txn(request: TxnRequest): Promise<TxnResponse> {
    this.#assertOpen();
    assertTxn(request);
    const { succeeded, revision, results, changes } = evaluate(this.#index, this.#revision, request, toKeyValue, (asked) =>
      this.#check(asked),
    );
    if (changes.length > 0) {
      const events = changes.map(toEvent);
      this.#revision = revision;
      this.#log.push(events);
      this.#hub.publish({ revision, events });
    }
    return { succeeded, revision, results: results.map(toResult) };
  }

  watch(request: StoreWatchRequest): StoreWatch {
    this.#assertOpen();
    return this.#hub.watch(request);
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    this.#check(revision);
    if (revision === this.#compactRevision) throw new CompactedError(revision);
    this.#compactRevision = revision;
    const kept = Math.max(0, revision - this.#logStart);
    // What the events up to `revision` replaced is out of reach now; the events at `revision` itself can still be replayed.
    for (const events of this.#log.slice(0, kept + 1)) for (const event of events) this.#index.compact(event.kv.key, revision);
    this.#log = this.#log.slice(kept);
    this.#logStart += kept;
  }

  async currentRevision(): Promise<number> {
    this.#assertOpen();
    return this.#revision;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#hub.close();
  }

  #history(range: KeyRange, from: number): HistoryPiece {
    const events: StoreEvent[] = [];
    for (let at = Math.max(0, from - this.#logStart); at < this.#log.length; at++) {
      for (const event of this.#log[at]!) {
        if (!inRange(range, sortKey(event.kv.key))) continue;
        // What was there before the compact revision is forgotten, as in a store that does not keep its log in memory.
        events.push(event.kv.modRevision > this.#compactRevision ? event : { type: event.type, kv: event.kv });
      }
    }
    return { revision: this.#revision, events };
  }

  #check(revision: number): void {
    readableRevision(revision, { newest: this.#revision, oldest: this.#compactRevision });
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreUnavailableError("the store is closed");
  }
}

function toKeyValue(
  key: string,
  value: Uint8Array | undefined,
  numbers: { readonly modRevision: number; readonly createRevision: number; readonly version: number },
): KeyValue {
  const { modRevision, createRevision, version } = numbers;
  return { key, value: value ?? NO_VALUE, createRevision, modRevision, version };
}

function toEvent({ version, previous }: Change<KeyValue>): StoreEvent {
  const type = version.version === 0 ? "delete" : "put";
  return previous === undefined ? { type, kv: version.payload } : { type, kv: version.payload, previous: previous.payload };
}

function toResult(result: Evaluated<KeyValue>): OperationResult {
  return result.type === "range" ? { type: "range", ...rangeResponse(result) } : result;
}

function rangeResponse(selection: RangeSelection<KeyValue>): RangeResponse {
  const { request, revision, selected, count } = selection;
  const kvs = selected.map(({ version: { payload } }) => (request.keysOnly ? { ...payload, value: NO_VALUE } : payload));
  return { revision, kvs: request.countOnly ? [] : kvs, more: isCut(selection), count };
}
