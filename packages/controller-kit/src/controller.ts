import type { Source } from "./source.ts";

/** What a reconcile says about the next one. */
export interface Outcome {
  /** Come back after so many milliseconds even if nothing changes. Absent: wait for a change. */
  readonly requeueAfterMs?: number;
}

/**
 * A control loop: it looks at the state around a key, plans what to do about it, and does it.
 *
 * Guarantees asked of an implementation: it is level-triggered (what it does follows from what it observes, never from
 * which event woke it) and idempotent (a reconcile that was cut short anywhere is completed by the next one).
 */
export interface Controller<Observed, Plan> {
  /** For the log, metrics and the service account, such as `replicaset-controller`. */
  readonly name: string;
  /** Where keys come from. The controller starts when the informers behind all of them have their first list. */
  readonly sources: readonly Source[];
  /** How many keys are worked on at the same time; the same key never twice. Default 5, upstream's usual number. */
  readonly concurrency?: number;
  /** Reads everything that the plan needs, usually from informers only. `undefined`: there is nothing to do for this key. */
  observe(key: string): Observed | undefined | Promise<Observed | undefined>;
  /**
   * How many objects a reconcile of this looks at. A key that weighs more than a hundred rests afterwards (see the engine), so
   * that a storm of changes to a large owner costs a share of the processor and not a quadratic amount. Default 1.
   */
  weigh?(observed: Observed): number;
  /** Decides. Pure and synchronous: the same input gives the same plan, and nothing is read or written. */
  plan(observed: Observed, nowMs: number): Plan;
  /**
   * Carries the plan out. Errors: whatever it rejects with makes the engine try the key again with back-off, a
   * {@link TerminalError} excepted.
   */
  perform(plan: Plan, observed: Observed, key: string): Promise<Outcome | void>;
}

/** A controller of any kind, for lists of them. */
export type AnyController = Controller<unknown, unknown>;

/** An error that trying again cannot mend; the key is left alone until it changes. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}
