/** A timer that has been set on a {@link Clock}. Cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Where all time comes from. No other code reads the time or sets timers: this is what makes virtual time possible.
 *
 * Guarantees: `monotonic` never goes back; callbacks never run inside the call that set them; timers that are due at
 * the same moment run in the order in which they were set.
 */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. For timestamps that people and other machines see; it may step. */
  now(): number;
  /** Milliseconds since an arbitrary moment. For durations and deadlines; it never steps. */
  monotonic(): number;
  /** Runs `callback` once, after `delayMs` milliseconds (0 or less: as soon as possible). Exceptions it throws are fatal. */
  setTimeout(callback: () => void, delayMs: number): Timer;
  /**
   * Lets other work run before the caller goes on. Long loops await this now and then so that one of them cannot hold
   * up every other client.
   */
  yield(): Promise<void>;
}

/** Waits for `delayMs` milliseconds. Rejects with the signal's reason as soon as `signal` is aborted. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The wall time of `clock` as Kubernetes writes a `metav1.Time`: RFC 3339, UTC, whole seconds. */
export function timestamp(clock: Clock): string {
  return formatTime(clock.now());
}

/** The second that was written last and its text: nearly all times of a busy moment lie in the same second. */
let lastSecond = Number.NaN;
let lastText = "";

/** Milliseconds since the epoch as a `metav1.Time`: RFC 3339, UTC, whole seconds, rounded down. */
export function formatTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** Milliseconds since the epoch as a `metav1.MicroTime`: RFC 3339, UTC, six decimals. */
export function formatMicroTime(epochMs: number): string {
  const micros = Math.floor((epochMs % 1) * 1000);
  return `${new Date(epochMs).toISOString().slice(0, 23)}${String(Math.max(0, micros)).padStart(3, "0")}Z`;
}

/** An RFC 3339 time as milliseconds since the epoch, or `undefined` when it is absent or not a time. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? undefined : epochMs;
}
