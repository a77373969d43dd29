import { CompactedError, FutureRevisionError } from "./store.ts";

/**
 * Checks that `revision` lies between the oldest and the newest one that can be used.
 *
 * Errors: {@link CompactedError}, {@link FutureRevisionError}.
 */
export function readableRevision(revision: number, bounds: { readonly oldest: number; readonly newest: number }): void {
  if (revision > bounds.newest) throw new FutureRevisionError(`revision ${revision} is in the future; the newest one is ${bounds.newest}`);
  if (revision < bounds.oldest) throw new CompactedError(bounds.oldest);
}
