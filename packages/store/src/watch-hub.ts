import { inRange, keyRange, sortKey, type KeyRange } from "./sort-key.ts";
import { CompactedError, type StoreEvent, type StoreWatch, type StoreWatchRequest, type WatchBatch } from "./store.ts";

/** A piece of history: all events of the revisions up to and including `revision`. */
export interface HistoryPiece {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

/** What a {@link WatchHub} needs from its store. */
interface WatchSource {
  /** The newest readable revision. */
  readonly revision: () => number;
  /** The oldest readable revision. */
  readonly compactRevision: () => number;
  /**
   * The events in `range` from revision `from` on (where `previous` is true, with what was there before them): as many
   * as fit in one piece, but whole revisions and, if nothing is left out, up to the newest readable revision.
   */
  readonly history: (range: KeyRange, from: number, previous: boolean) => HistoryPiece;
  /** Called between two pieces, so that one long replay does not hold up everyone else. */
  readonly pause: () => Promise<void>;
}

/** All watches on the same range of keys. */
interface Group {
  readonly id: string;
  readonly range: KeyRange;
  readonly watchers: Set<Watcher>;
}

interface Watcher {
  readonly request: StoreWatchRequest;
  readonly group: Group;
  /** The first revision that is still to be delivered. */
  next: number;
  /** False while history is being replayed: live changes are then left to the replay. */
  synced: boolean;
  /** Progress was asked for while history was being replayed. */
  progressOwed: boolean;
  closed: boolean;
}

/**
 * Hands changes to watchers: first what history holds, then each change as it becomes readable.
 *
 * Guarantees: those of the store port for watches. A change is matched once for all watchers of the same range. A
 * watcher that writes to the store from its callback does not disturb the order that others see.
 */
export class WatchHub {
  readonly #source: WatchSource;
  readonly #groups = new Map<string, Group>();
  readonly #queue: HistoryPiece[] = [];
  #delivering = false;
  #wantPrevious = 0;

  constructor(source: WatchSource) {
    this.#source = source;
  }

  /** How many watches are open. */
  get size(): number {
    let size = 0;
    for (const group of this.#groups.values()) size += group.watchers.size;
    return size;
  }

  /** Whether any watch asks for what was there before a change. */
  get wantsPrevious(): boolean {
    return this.#wantPrevious > 0;
  }

  watch(request: StoreWatchRequest): StoreWatch {
    const newest = this.#source.revision();
    const next = request.startRevision || newest + 1;
    const group = this.#group(request);
    const watcher: Watcher = { request, group, next, synced: next > newest, progressOwed: false, closed: false };
    group.watchers.add(watcher);
    if (request.previous) this.#wantPrevious++;
    // The replay starts in a microtask, so that the caller holds the handle before the first callback.
    if (!watcher.synced) queueMicrotask(() => void this.#replay(watcher));
    return {
      close: () => this.#remove(watcher),
      requestProgress: () => queueMicrotask(() => this.#progress(watcher)),
    };
  }

  /** Delivers the events of a revision (or of several) that has just become readable. */
  publish(piece: HistoryPiece): void {
    if (this.#groups.size === 0) return;
    this.#queue.push(piece);
    if (!this.#delivering) this.#exclusively(() => {});
  }

  /** Ends all watches without an error. */
  close(): void {
    for (const group of this.#groups.values()) for (const watcher of group.watchers) watcher.closed = true;
    this.#groups.clear();
    this.#queue.length = 0;
  }

  #group(request: StoreWatchRequest): Group {
    const range = keyRange(request.key, request.end);
    const id = JSON.stringify([range.from, range.to]);
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = { id, range, watchers: new Set() };
      this.#groups.set(id, group);
    }
    return group;
  }

  #remove(watcher: Watcher): void {
    if (watcher.closed) return;
    watcher.closed = true;
    if (watcher.request.previous) this.#wantPrevious--;
    const { group } = watcher;
    group.watchers.delete(watcher);
    if (group.watchers.size === 0 && this.#groups.get(group.id) === group) this.#groups.delete(group.id);
  }

  /** Runs `first` and then delivers all that is queued. What callbacks write meanwhile queues up behind. */
  #exclusively(first: () => void): void {
    this.#delivering = true;
    try {
      first();
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#deliver(next);
    } finally {
      this.#delivering = false;
    }
  }

  #deliver({ revision, events }: HistoryPiece): void {
    const sorted = events.map((event) => sortKey(event.kv.key));
    for (const { range, watchers } of this.#groups.values()) {
      const matching = events.filter((_, index) => inRange(range, sorted[index]!));
      if (matching.length === 0) continue;
      let plain: readonly StoreEvent[] | undefined;
      for (const watcher of watchers) {
        if (!watcher.synced || watcher.next > revision) continue;
        if (!watcher.request.previous) plain ??= matching.map(withoutPrevious);
        send(watcher, { revision, events: watcher.request.previous ? matching : plain! });
      }
    }
  }

  async #replay(watcher: Watcher): Promise<void> {
    while (!watcher.closed) {
      const compactRevision = this.#source.compactRevision();
      if (watcher.next < compactRevision) {
        this.#fail(watcher, new CompactedError(compactRevision));
        return;
      }
      let piece: HistoryPiece;
      try {
        piece = this.#source.history(watcher.group.range, watcher.next, watcher.request.previous === true);
      } catch (error) {
        this.#fail(watcher, error as Error);
        return;
      }
      // From here to the end of the turn nothing can become readable: a replay that has caught up misses nothing.
      if (piece.revision >= this.#source.revision()) watcher.synced = true;
      const { events, revision } = piece;
      const wanted = watcher.request.previous ? events : events.map(withoutPrevious);
      if (wanted.length > 0) this.#exclusively(() => send(watcher, { revision, events: wanted }));
      else watcher.next = revision + 1;
      if (watcher.synced) break;
      await this.#source.pause();
    }
    if (watcher.progressOwed) this.#progress(watcher);
  }

  #progress(watcher: Watcher): void {
    if (watcher.closed) return;
    watcher.progressOwed = !watcher.synced;
    if (watcher.synced) this.#exclusively(() => watcher.request.onBatch({ revision: this.#source.revision(), events: [] }));
  }

  #fail(watcher: Watcher, error: Error): void {
    if (watcher.closed) return;
    this.#remove(watcher);
    watcher.request.onError(error);
  }
}

function send(watcher: Watcher, batch: WatchBatch): void {
  if (watcher.closed) return;
  const start = watcher.next;
  watcher.next = batch.revision + 1;
  // A batch of several revisions may begin before the watch does.
  const events =
    start <= (batch.events[0]?.kv.modRevision ?? start) ? batch.events : batch.events.filter((event) => event.kv.modRevision >= start);
  if (events.length === 0) return;
  try {
    watcher.request.onBatch({ revision: batch.revision, events });
  } catch (error) {
    // The port forbids it. The write has happened, so its writer must not see this; the process must.
    queueMicrotask(() => {
      throw error;
    });
  }
}

function withoutPrevious(event: StoreEvent): StoreEvent {
  return event.previous === undefined ? event : { type: event.type, kv: event.kv };
}
