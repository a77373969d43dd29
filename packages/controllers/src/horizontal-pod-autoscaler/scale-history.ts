/** A number of replicas at a time: a recommendation, or by how many the size was changed. */
export interface ChangeRecord {
  readonly atMs: number;
  readonly replicas: number;
}

/** What an autoscaler recommended and did lately. Kept in memory only, as upstream does. */
export interface ScaleHistory {
  readonly recommendations: readonly ChangeRecord[];
  /** By how many replicas it scaled up. */
  readonly ups: readonly ChangeRecord[];
  readonly downs: readonly ChangeRecord[];
}

/** What is known of an autoscaler at first: its target's size counts as recommended. */
export function initialHistory(currentReplicas: number, nowMs: number): ScaleHistory {
  return { recommendations: [{ atMs: nowMs, replicas: currentReplicas }], ups: [], downs: [] };
}

/** The history with one more recommendation; those that are older than `keptMs` are dropped. */
export function withRecommendation(history: ScaleHistory, replicas: number, nowMs: number, keptMs: number): ScaleHistory {
  return { ...history, recommendations: [...newer(history.recommendations, nowMs - keptMs), { atMs: nowMs, replicas }] };
}

/** The history with a change of size; those that are older than `keptMs` are dropped. */
export function withChange(history: ScaleHistory, from: number, to: number, nowMs: number, keptMs: number): ScaleHistory {
  const change = { atMs: nowMs, replicas: Math.abs(to - from) };
  const ups = newer(history.ups, nowMs - keptMs);
  const downs = newer(history.downs, nowMs - keptMs);
  return to > from ? { ...history, ups: [...ups, change], downs } : { ...history, ups, downs: [...downs, change] };
}

function newer(records: readonly ChangeRecord[], sinceMs: number): readonly ChangeRecord[] {
  return records.filter(({ atMs }) => atMs > sinceMs);
}
