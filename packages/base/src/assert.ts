/** A broken invariant: a mistake in Skiff itself, never in its input. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/**
 * Stays on in production. A failure in the store or the API server ends the process; in a controller it fails that
 * one reconcile, which is logged and tried again with back-off.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** For the branch that the types rule out. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected value: ${JSON.stringify(value)}`);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
