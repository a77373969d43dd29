/** How a reconcile ended. */
export type ReconcileResult = "success" | "requeue" | "conflict" | "error" | "terminal";

/** What can be counted about controllers; all calls are synchronous and must not throw. */
export interface ControllerMetrics {
  reconciled?(controller: string, result: ReconcileResult, durationMs: number): void;
  queueDepth?(controller: string, depth: number): void;
  /** How long a key waited before it was worked on. */
  queueWait?(controller: string, waitedMs: number): void;
  retried?(controller: string): void;
}
