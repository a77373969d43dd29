/** What the conditions of all kinds have in common. */
interface StatusCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

/** The condition of that type, if there is one. */
export function conditionOf<C extends StatusCondition>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * The conditions with `condition` in place of the one of its type. Its transition time is kept while the status is the same.
 * Answers the same array when nothing changes.
 */
export function withCondition<C extends StatusCondition>(conditions: readonly C[], condition: C): readonly C[] {
  const present = conditionOf(conditions, condition.type);
  if (present?.status === condition.status && present.reason === condition.reason && present.message === condition.message)
    return conditions;
  const lastTransitionTime = present?.status === condition.status ? present.lastTransitionTime : condition.lastTransitionTime;
  const next = { ...condition, lastTransitionTime };
  return present === undefined ? [...conditions, next] : conditions.map((other) => (other === present ? next : other));
}

/** The conditions without the one of that type; the same array when there is none. */
export function withoutCondition<C extends StatusCondition>(conditions: readonly C[], type: string): readonly C[] {
  return conditionOf(conditions, type) === undefined ? conditions : conditions.filter((condition) => condition.type !== type);
}
