import type { Pod, PodCondition } from "@skiff/api";
import { KUBELET_CONDITIONS } from "./pod-conditions.ts";

/** Whether a new version of a Pod object holds anything that its worker must act upon: all but the kubelet's own status. */
export function asksForPass(before: Pod, after: Pod): boolean {
  const a = before.metadata ?? {};
  const b = after.metadata ?? {};
  if (a.deletionTimestamp !== b.deletionTimestamp || a.deletionGracePeriodSeconds !== b.deletionGracePeriodSeconds) return true;
  if (isOver(before) !== isOver(after)) return true;
  return (
    differ(specVersion(before), specVersion(after)) ||
    differ(a.labels, b.labels) ||
    differ(a.annotations, b.annotations) ||
    differ(foreignConditions(before), foreignConditions(after))
  );
}

/** Someone may declare a Pod over without asking the node. */
function isOver({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** The generation, which changes with every change of the specification; the specification itself where there is none. */
function specVersion({ metadata, spec }: Pod): unknown {
  return metadata?.generation ?? spec;
}

/** Readiness gates look at conditions that others set. */
function foreignConditions({ status }: Pod): readonly Pick<PodCondition, "type" | "status">[] {
  return (status?.conditions ?? [])
    .filter(({ type }) => !KUBELET_CONDITIONS.includes(type))
    .map(({ type, status: value }) => ({ type, status: value }));
}

function differ(a: unknown, b: unknown): boolean {
  return a !== b && JSON.stringify(a) !== JSON.stringify(b);
}
