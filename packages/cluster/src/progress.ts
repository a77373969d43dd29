/** Who is told how far long work is. */
export interface Progress {
  /** A phase begins; the one before it has ended. `title` is a short present-tense phrase: "Starting the API server". */
  phase(title: string): void;
  /** A detail of the current phase, for example what is being waited for. */
  detail(text: string): void;
}

/** A phase that has ended, and how long it took. */
export interface FinishedPhase {
  readonly title: string;
  readonly durationMs: number;
}
