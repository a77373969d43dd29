/** One key as etcd's `mvccpb.KeyValue` has it. */
export interface KeyValue {
  readonly key: string;
  /** Owned by the store: never change the bytes. */
  readonly value: Uint8Array;
  /** The revision that created the key (again, after a deletion). */
  readonly createRevision: number;
  /** The revision of the last change. */
  readonly modRevision: number;
  /** 1 at creation, raised by each change. */
  readonly version: number;
}

/** Reads one key, or all keys from `key` (included) to `end` (excluded), in byte order. */
export interface RangeRequest {
  readonly key: string;
  readonly end?: string;
  /** At most so many; absent or 0: all. */
  readonly limit?: number;
  /** The state as of this revision; absent or 0: the newest. */
  readonly revision?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

/** The answer to a {@link RangeRequest}: complete, or the call rejected. */
export interface RangeResponse {
  /** The revision of the store when the range was read (not the one asked for). */
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
  /** True when `limit` cut the answer. */
  readonly more: boolean;
  /** How many keys the range has in all. */
  readonly count: number;
}

/** A condition on one key. A key that is absent has revision and version 0. */
export interface Compare {
  readonly key: string;
  readonly target: "modRevision" | "createRevision" | "version";
  readonly result: "equal" | "greater" | "less" | "notEqual";
  readonly value: number;
}

/** One step of a transaction. */
export type Operation =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "delete"; readonly key: string; readonly end?: string }
  | ({ readonly type: "range" } & RangeRequest);

/** If every comparison holds, `success` is done, else `failure`: all of it or nothing, at one revision. */
export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure?: readonly Operation[];
}

/** What one step answered. */
export type OperationResult =
  | { readonly type: "put" }
  | { readonly type: "delete"; readonly deleted: number }
  | ({ readonly type: "range" } & RangeResponse);

/** The answer to a {@link TxnRequest}. */
export interface TxnResponse {
  readonly succeeded: boolean;
  /** The revision that the transaction made, or the newest one if it changed nothing. */
  readonly revision: number;
  readonly results: readonly OperationResult[];
}

/** One change of one key. */
export interface StoreEvent {
  readonly type: "put" | "delete";
  /** After a deletion: the key, an empty value, and the revision of the deletion as `modRevision`. */
  readonly kv: KeyValue;
  /** The key before the change, where asked for and not compacted away. */
  readonly previous?: KeyValue;
}

/** All changes of one or more revisions, or a sign of life when `events` is empty. */
export interface WatchBatch {
  /** Everything up to and including this revision has been delivered. Never goes back. */
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

/** What to watch, and who gets it. */
export interface StoreWatchRequest {
  readonly key: string;
  readonly end?: string;
  /** The first revision to deliver; absent: everything after the newest one. */
  readonly startRevision?: number;
  readonly previous?: boolean;
  /**
   * Called in revision order; a revision is never split over two calls. Must not block and must not throw. In-process
   * stores call it in the same turn in which the write becomes readable.
   */
  readonly onBatch: (batch: WatchBatch) => void;
  /** The watch is over and not by `close`: a {@link CompactedError}, or the connection to the store was lost. */
  readonly onError: (error: Error) => void;
}

/** A watch on the store. */
export interface StoreWatch {
  /** No callback is made afterwards. */
  close(): void;
  /** Asks for a batch (empty if need be) that carries the newest revision: "up to here you have seen everything". */
  requestProgress(): void;
}

/**
 * The store port: etcd v3 semantics.
 *
 * Guarantees: one revision for the whole store, raised by one by each transaction that changes something, never going
 * back and never used twice, restarts included. Reads and watches see a change only when it is durable. A range is
 * complete or an error. Operations are linearizable. Errors of the medium are never reported as a failed comparison.
 *
 * Errors: {@link CompactedError}, {@link FutureRevisionError}, {@link StoreUnavailableError}.
 */
export interface Store {
  range(request: RangeRequest): Promise<RangeResponse>;
  txn(request: TxnRequest): Promise<TxnResponse>;
  watch(request: StoreWatchRequest): StoreWatch;
  /** Forgets the history before `revision`; the state at `revision` stays readable. */
  compact(revision: number): Promise<void>;
  /** The newest readable revision, 1 in an empty store. For remote stores a round trip. */
  currentRevision(): Promise<number>;
  /** Ends all watches without an error and releases the medium. Acknowledged writes are safe. */
  close(): Promise<void>;
}

/** The revision asked for has been compacted away. */
export class CompactedError extends Error {
  override readonly name = "CompactedError";
  /** The oldest revision that can still be read. */
  readonly compactRevision: number;

  constructor(compactRevision: number) {
    super(`required revision has been compacted; the oldest one left is ${compactRevision}`);
    this.compactRevision = compactRevision;
  }
}

/** The revision asked for does not exist yet. */
export class FutureRevisionError extends Error {
  override readonly name = "FutureRevisionError";
}

/** The medium failed: disk full, connection lost, time out. Whether a write happened is unknown. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
}

/** A record failed its checksum: the medium has damaged it. What is not damaged can still be read. */
export class CorruptRecordError extends StoreUnavailableError {}

/** The data cannot be opened: it is of another format, of a newer version, or not a store at all. The message says what to do. */
export class StoreFormatError extends Error {
  override readonly name = "StoreFormatError";
}

/** The first key behind all keys that start with `prefix`: the `end` of a range over a prefix. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
