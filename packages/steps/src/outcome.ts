/** What came back when a step was carried out. */
export interface Outcome {
  /** Exit code of the command; 0 where there was none. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing was run, or nothing was said. */
export const SILENT: Outcome = { code: 0, stdout: "", stderr: "" };

/** What came back differs from what is expected. The message says both. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

/** Fails the step unless `condition` holds. */
export function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Mismatch(message);
}
