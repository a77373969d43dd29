import { parseDuration } from "./duration.ts";
import type { Clock, Timer } from "./clock.ts";

interface PendingTimer {
  readonly dueMs: number;
  readonly order: number;
  /** Gone once the timer has fired or was cancelled; the entry itself stays in the heap until it surfaces. */
  callback: (() => void) | undefined;
}

/** What a {@link VirtualClock} starts with. */
export interface VirtualClockOptions {
  /** Wall time at the start, milliseconds since the epoch. Default: 2026-01-01T00:00:00Z. */
  readonly startMs?: number;
  /**
   * Lets all work that needs no time run to its end; called before each step of {@link VirtualClock.advance}.
   * Default: two turns of the runtime's event loop, which drains every promise chain that waits for no I/O.
   */
  readonly settle?: () => Promise<void>;
}

const settleByEventLoop = async (): Promise<void> => {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/**
 * A clock whose time moves only when a test says so.
 *
 * Guarantees: timers fire in order of due time, then in the order in which they were set; between two timers with
 * different due times all work that needs no time has finished; `now` and `monotonic` move together.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  readonly #settle: () => Promise<void>;
  /** A binary heap, the earliest timer first. */
  readonly #timers: PendingTimer[] = [];
  #order = 0;
  #yielding = 0;

  constructor(options: VirtualClockOptions = {}) {
    this.#startMs = options.startMs ?? Date.UTC(2026, 0, 1);
    this.#nowMs = this.#startMs;
    this.#settle = options.settle ?? settleByEventLoop;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const timer: PendingTimer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#push(timer);
    return {
      cancel: () => {
        timer.callback = undefined;
      },
    };
  }

  async yield(): Promise<void> {
    this.#yielding++;
    await new Promise((resolve) => setImmediate(resolve));
    this.#yielding--;
  }

  /** When the next timer is due, in milliseconds since the epoch; `undefined` when none is set. */
  nextDue(): number | undefined {
    this.#dropCancelled();
    return this.#timers[0]?.dueMs;
  }

  /** Lets all work that needs no time run to its end, timers that are due now included. Time does not move. */
  async settle(): Promise<void> {
    await this.advance(0);
  }

  /**
   * Moves time forward by `duration` (milliseconds, or text such as `"1h30m"`), firing every timer on the way, those
   * that earlier ones set included.
   */
  async advance(duration: number | string): Promise<void> {
    const durationMs = typeof duration === "number" ? duration : parseDuration(duration);
    const endMs = this.#nowMs + durationMs;
    await this.#quiesce();
    for (;;) {
      const dueMs = this.nextDue();
      if (dueMs === undefined || dueMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      this.#fireDue();
      await this.#quiesce();
    }
    this.#nowMs = endMs;
  }

  /**
   * Moves time from timer to timer until `done` answers true.
   *
   * Errors: rejects when `limit` of virtual time (default one hour) has passed, or when no timer is set and so nothing
   * can change any more.
   */
  async advanceUntil(done: () => boolean | Promise<boolean>, limit: number | string = "1h"): Promise<void> {
    const limitMs = typeof limit === "number" ? limit : parseDuration(limit);
    const endMs = this.#nowMs + limitMs;
    await this.#quiesce();
    while (!(await done())) {
      const dueMs = this.nextDue();
      if (dueMs === undefined) throw new Error("nothing can change any more: no timer is set and all work has ended");
      if (dueMs > endMs) throw new Error(`not reached within ${limitMs} ms of virtual time`);
      await this.advance(Math.max(0, dueMs - this.#nowMs));
    }
  }

  async #quiesce(): Promise<void> {
    do await this.#settle();
    while (this.#yielding > 0);
  }

  #fireDue(): void {
    for (;;) {
      const next = this.#timers[0];
      if (next === undefined || next.dueMs > this.#nowMs) return;
      this.#pop();
      const { callback } = next;
      next.callback = undefined;
      callback?.();
    }
  }

  #dropCancelled(): void {
    while (this.#timers.length > 0 && this.#timers[0]?.callback === undefined) this.#pop();
  }

  #push(timer: PendingTimer): void {
    const heap = this.#timers;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!earlier(timer, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#timers;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child++;
      if (!earlier(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function earlier(a: PendingTimer, b: PendingTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
