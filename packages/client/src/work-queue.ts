import type { Clock, Timer } from "@skiff/base";

/** What can be counted about a queue; all calls are synchronous and must not throw. */
export interface WorkQueueMetrics {
  /** A key waits now that did not before. `depth` is how many wait. */
  added?(depth: number): void;
  /** A key was handed out after so long. */
  taken?(waitedMs: number, depth: number): void;
  retried?(): void;
}

/** How a {@link WorkQueue} works; the defaults are those of Kubernetes' controllers. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  /** The wait after the first failure of a key; each further one doubles it. Default 5 ms. */
  readonly firstRetryMs?: number;
  /** Default 1000 s. */
  readonly longestRetryMs?: number;
  /** How many retries a second all keys together may have, beyond the burst. Default 10. */
  readonly retriesPerSecond?: number;
  /** Default 100. */
  readonly retryBurst?: number;
  readonly metrics?: WorkQueueMetrics;
}

/**
 * The keys that want work, each at most once.
 *
 * Guarantees: a key is never handed out twice at the same time; a key that is added while it is being worked on is handed
 * out again after {@link done}; keys come out in the order in which they were added. Memory is bounded by the number of
 * distinct keys, that is by the number of objects: adding never fails and never drops.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #options: WorkQueueOptions;
  /** Keys that wait, in order, with the time at which they were added. */
  readonly #waiting = new Map<string, number>();
  readonly #processing = new Set<string>();
  /** Added while being worked on. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { readonly dueMs: number; readonly timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  readonly #bucket: RetryBucket;
  #stopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#bucket = new RetryBucket(options.clock, options.retriesPerSecond ?? 10, options.retryBurst ?? 100);
  }

  /** How many keys wait, those that wait for a time not counted. */
  get size(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#stopped || this.#waiting.has(key)) return;
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return;
    }
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      this.#options.metrics?.added?.(1);
      this.#options.metrics?.taken?.(0, 0);
      this.#processing.add(key);
      taker(key);
      return;
    }
    this.#waiting.set(key, this.#clock.monotonic());
    this.#options.metrics?.added?.(this.#waiting.size);
  }

  /** Adds the key in `delayMs` milliseconds. When it is due earlier already, that stays. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    if (delayMs <= 0) return this.add(key);
    const dueMs = this.#clock.monotonic() + delayMs;
    const present = this.#delayed.get(key);
    if (present !== undefined && present.dueMs <= dueMs) return;
    present?.timer.cancel();
    const timer = this.#clock.setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key);
    }, delayMs);
    this.#delayed.set(key, { dueMs, timer });
  }

  /** Adds the key after a wait that doubles with each call until {@link forget}. Answers the wait in milliseconds. */
  addRateLimited(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#options.metrics?.retried?.();
    const { firstRetryMs = 5, longestRetryMs = 1_000_000 } = this.#options;
    const delayMs = Math.max(Math.min(firstRetryMs * 2 ** failures, longestRetryMs), this.#bucket.take());
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** How often the key failed since it was last forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key succeeded: its next failure starts with the shortest wait. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, as soon as there is one; `undefined` once the queue was stopped. Each key must be given to {@link done}. */
  take(): Promise<string | undefined> {
    if (this.#stopped) return Promise.resolve(undefined);
    for (const [key, sinceMs] of this.#waiting) {
      this.#waiting.delete(key);
      this.#processing.add(key);
      this.#options.metrics?.taken?.(this.#clock.monotonic() - sinceMs, this.#waiting.size);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Ends the work on a key that was taken. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Drops everything that waits; all takers get `undefined`. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}

/** A token bucket that may go into debt: each retry is told how long to wait for its token. */
class RetryBucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = clock.monotonic();
  }

  /** Takes one token and answers after how many milliseconds it is there. */
  take(): number {
    const nowMs = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs) - 1;
    this.#atMs = nowMs;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs;
  }
}
