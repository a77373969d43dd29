import type { Clock, Timer } from "./clock.ts";

/** Delays above this overflow the 32-bit timer of the runtime and would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The machine's own clock. For composition roots only; everything else is given a {@link Clock}. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback: () => void, delayMs: number): Timer {
    const handle = setTimeout(callback, Math.min(Math.max(0, delayMs), LONGEST_DELAY_MS));
    return { cancel: () => clearTimeout(handle) };
  },
  yield: () => new Promise((resolve) => setImmediate(resolve)),
};
