import type { CustomResourceDefinitionCondition, CustomResourceDefinitionStatus } from "@skiff/api";

/** A copy of the status with the condition set; its time of transition stays when nothing but the text changes. */
export function withCondition(
  status: CustomResourceDefinitionStatus | undefined,
  condition: CustomResourceDefinitionCondition,
): CustomResourceDefinitionStatus {
  const conditions = [...(status?.conditions ?? [])];
  const at = conditions.findIndex(({ type }) => type === condition.type);
  const before = conditions[at];
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : condition.lastTransitionTime;
  const next = { ...condition, ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }) };
  if (at < 0) conditions.push(next);
  else conditions[at] = next;
  return { ...status, conditions };
}
