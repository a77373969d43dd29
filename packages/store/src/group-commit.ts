import { BoundedQueue, QueueFullError } from "@skiff/base";
import { encodeState, type StoreState } from "./lmdb-state.ts";
import type { FileCommit } from "./lmdb-file.ts";
import type { RecordId } from "./lmdb-record.ts";
import { StoreUnavailableError } from "./store.ts";

/** The most writes that may wait for the disk; more are refused with {@link StoreUnavailableError}. */
const MAX_WAITING_WRITES = 50_000;
/** A commit takes no further write once it has this many bytes, so that the wait for one commit stays bounded. */
const MAX_COMMIT_BYTES = 16 * 1024 * 1024;

/** One write that is to be made durable. */
export interface PendingWrite {
  readonly puts: readonly { readonly id: RecordId; readonly bytes: Buffer }[];
  readonly deletes: readonly RecordId[];
  /** The newest revision after this write. */
  readonly revision: number;
  /** Set by a compaction. */
  readonly compactRevision?: number;
}

interface Waiting {
  readonly write: PendingWrite;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

/** What a {@link GroupCommit} tells its store. */
interface GroupCommitEvents {
  /** These writes are durable now. Called before the promises of the writes resolve. */
  readonly onCommitted: (state: StoreState, writes: readonly PendingWrite[]) => void;
  /** Neither these writes nor any that waited behind them happened. Called before their promises reject. */
  readonly onFailed: (state: StoreState, writes: readonly PendingWrite[]) => void;
}

/**
 * Makes writes durable, in order; all that arrive while the disk is busy share the next commit.
 *
 * Guarantees: the promise of a write resolves when it is on the disk. When a commit fails, it and everything that waited
 * behind it fail together, since later writes were decided on the outcome of earlier ones; writes after that start afresh.
 */
export class GroupCommit {
  readonly #commit: (commit: FileCommit) => Promise<boolean>;
  readonly #events: GroupCommitEvents;
  #queue = new BoundedQueue<Waiting>(MAX_WAITING_WRITES);
  #state: StoreState;
  #sequence: number;
  #running: Promise<void> | undefined;
  /** Set when the file is no longer ours. */
  #fenced = false;

  constructor(options: {
    readonly commit: (commit: FileCommit) => Promise<boolean>;
    readonly state: StoreState;
    readonly sequence: number;
    readonly events: GroupCommitEvents;
  }) {
    this.#commit = options.commit;
    this.#state = options.state;
    this.#sequence = options.sequence;
    this.#events = options.events;
  }

  /** Throws when a write would be refused: to be asked before the write is decided on. */
  assertReady(): void {
    this.#assertOurs();
    if (this.#queue.size >= MAX_WAITING_WRITES) throw new StoreUnavailableError(`${MAX_WAITING_WRITES} writes wait for the disk already`);
  }

  /** Queues a write. */
  write(write: PendingWrite): Promise<void> {
    return new Promise((done, failed) => {
      try {
        this.#queue.push({ write, done, failed });
      } catch (error) {
        failed(error instanceof QueueFullError ? new StoreUnavailableError(error.message, { cause: error }) : (error as Error));
        return;
      }
      this.#running ??= this.#run();
    });
  }

  /** Resolves when all that is queued has been committed or has failed. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What else is written in this turn joins the first commit.
    await Promise.resolve();
    while (this.#queue.size > 0) await this.#commitNext();
    this.#running = undefined;
  }

  async #commitNext(): Promise<void> {
    const group = this.#take();
    const writes = group.map(({ write }) => write);
    const puts = writes.flatMap((write) => write.puts);
    const deletes = writes.flatMap((write) => write.deletes);
    const state: StoreState = {
      revision: writes.at(-1)!.revision,
      compactRevision: Math.max(this.#state.compactRevision, ...writes.map((write) => write.compactRevision ?? 0)),
      records: this.#state.records + puts.length - deletes.length,
    };
    try {
      const written = await this.#commit({ sequence: this.#sequence + 1, state: encodeState(state), puts, deletes });
      if (!written) this.#fenced = true;
      this.#assertOurs();
    } catch (error) {
      this.#fail([...group, ...this.#queue.drain()], error as Error);
      return;
    }
    this.#state = state;
    this.#sequence++;
    this.#events.onCommitted(state, writes);
    for (const { done } of group) done();
  }

  #assertOurs(): void {
    if (this.#fenced) throw new StoreUnavailableError("another process writes to this store; only one may, so this one has stopped");
  }

  /** The next writes, as many as fit in one commit, at least one. */
  #take(): Waiting[] {
    const group: Waiting[] = [];
    let sizeBytes = 0;
    while (sizeBytes < MAX_COMMIT_BYTES) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      group.push(next);
      for (const { bytes } of next.write.puts) sizeBytes += bytes.length;
    }
    return group;
  }

  #fail(group: readonly Waiting[], error: Error): void {
    this.#events.onFailed(
      this.#state,
      group.map(({ write }) => write),
    );
    for (const { failed } of group) failed(error);
  }
}
