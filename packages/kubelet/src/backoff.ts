import type { Clock } from "@skiff/base";

interface BackoffEntry {
  delayMs: number;
  updatedMs: number;
}

/** How a {@link Backoff} grows. */
interface BackoffLimits {
  readonly initialMs: number;
  readonly maximumMs: number;
}

/** For containers that keep ending, and for images that cannot be pulled: 10 s, doubling up to 5 minutes. */
const RESTART_BACKOFF: BackoffLimits = { initialMs: 10_000, maximumMs: 300_000 };

/**
 * A delay per key that doubles with each failure and is forgotten after twice the maximum without one.
 *
 * Guarantees: holds no key for longer than four times the maximum after its last use, provided {@link prune} is called.
 */
export class Backoff {
  readonly #clock: Clock;
  readonly #limits: BackoffLimits;
  readonly #entries = new Map<string, BackoffEntry>();

  constructor(clock: Clock, limits: BackoffLimits = RESTART_BACKOFF) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** The delay that holds for `key` now, 0 when there is none. */
  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /** How long to wait still, when the last failure was at wall time `sinceMs`. 0: go ahead. */
  remainingMs(key: string, sinceMs: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(entry, sinceMs)) return 0;
    return Math.max(0, sinceMs + entry.delayMs - this.#clock.now());
  }

  /** Counts a failure that happened at wall time `atMs`: the next one must wait twice as long. */
  next(key: string, atMs: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(entry, atMs)) {
      this.#entries.set(key, { delayMs: this.#limits.initialMs, updatedMs: this.#clock.now() });
      return;
    }
    entry.delayMs = Math.min(entry.delayMs * 2, this.#limits.maximumMs);
    entry.updatedMs = this.#clock.now();
  }

  /** Forgets a key, for example when the Pod is gone. */
  reset(key: string): void {
    this.#entries.delete(key);
  }

  /** Forgets everything that was not used for long. */
  prune(): void {
    const now = this.#clock.now();
    for (const [key, entry] of this.#entries) if (now - entry.updatedMs > 4 * this.#limits.maximumMs) this.#entries.delete(key);
  }

  #expired(entry: BackoffEntry, atMs: number): boolean {
    return atMs - entry.updatedMs > 2 * this.#limits.maximumMs;
  }
}
