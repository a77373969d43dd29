import type { CacheEvent } from "./cache-event.ts";

/** How much of the past of a kind is kept for watches that start from an earlier revision. */
export interface HistoryLimits {
  /** Never more events than this. Default 10,000. */
  readonly maxEvents?: number;
  /** Events older than this are dropped once there are more than {@link HistoryLimits.minEvents}. Default 75 s. */
  readonly maxAgeMs?: number;
  /** Default 100. */
  readonly minEvents?: number;
}

/** The newest events of one kind, in revision order; the oldest are forgotten first. */
export class EventHistory {
  readonly #maxEvents: number;
  readonly #maxAgeMs: number;
  readonly #minEvents: number;
  #events: CacheEvent[] = [];
  #head = 0;
  /** All events after this revision are here. */
  #floor: number;

  constructor(floor: number, limits: HistoryLimits = {}) {
    this.#floor = floor;
    this.#maxEvents = limits.maxEvents ?? 10_000;
    this.#maxAgeMs = limits.maxAgeMs ?? 75_000;
    this.#minEvents = limits.minEvents ?? 100;
  }

  /** The oldest revision from which a watch can start. */
  get floor(): number {
    return this.#floor;
  }

  get size(): number {
    return this.#events.length - this.#head;
  }

  push(event: CacheEvent): void {
    this.#events.push(event);
    while (this.size > this.#maxEvents || (this.size > this.#minEvents && this.#oldest().seenMs < event.seenMs - this.#maxAgeMs)) {
      this.#floor = this.#oldest().revision;
      this.#head++;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Every event after `revision`, or `undefined` when some of them are forgotten. */
  since(revision: number): readonly CacheEvent[] | undefined {
    if (revision < this.#floor) return undefined;
    let low = this.#head;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.revision ?? 0) > revision) high = middle;
      else low = middle + 1;
    }
    return this.#events.slice(low);
  }

  #oldest(): CacheEvent {
    const event = this.#events[this.#head];
    if (event === undefined) throw new Error("the history is empty");
    return event;
  }
}
