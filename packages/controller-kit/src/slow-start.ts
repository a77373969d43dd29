/** What came of a {@link slowStart}. */
interface SlowStartResult {
  readonly succeeded: number;
  /** The first failure; attempts after its batch were not made. */
  readonly error: unknown;
  /** How many attempts were not made because an earlier batch failed. */
  readonly skipped: number;
}

/**
 * Runs `attempt` for 0 to `count - 1` in batches of 1, 2, 4, …, each batch at the same time. When something in a batch
 * fails no further batch is begun: what is bound to fail (a quota, a webhook) then fails once and not a thousand times.
 */
export async function slowStart(count: number, attempt: (index: number) => Promise<void>): Promise<SlowStartResult> {
  let succeeded = 0;
  let begun = 0;
  for (let size = 1; begun < count; size *= 2) {
    const batch = Array.from({ length: Math.min(size, count - begun) }, (_, offset) => attempt(begun + offset));
    begun += batch.length;
    const results = await Promise.allSettled(batch);
    const failure = results.find((result) => result.status === "rejected");
    succeeded += results.filter((result) => result.status === "fulfilled").length;
    if (failure !== undefined) return { succeeded, error: failure.reason, skipped: count - begun };
  }
  return { succeeded, error: undefined, skipped: 0 };
}
