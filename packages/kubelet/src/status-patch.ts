import type { Pod, PodCondition, PodStatus } from "@skiff/api";
import { KUBELET_CONDITIONS } from "./pod-conditions.ts";

type PatchItem = Record<string, unknown>;

/** Lists that a strategic merge patch joins by a key: what is gone must be named. */
const KEYED_LISTS = { podIPs: "ip", hostIPs: "ip" } as const;

/** Fields that others write; the kubelet leaves them alone. */
const FOREIGN_FIELDS: readonly (keyof PodStatus)[] = ["nominatedNodeName", "resourceClaimStatuses", "conditions", "podIPs", "hostIPs"];

/**
 * The strategic merge patch that makes the status in the API the one that is wanted; undefined when it is so already.
 * Conditions of others, and fields that the kubelet does not know, are left alone. The UID makes the patch fail when
 * the Pod was replaced by another one of the same name.
 */
export function statusPatch(pod: Pod, wanted: PodStatus): unknown {
  const current = pod.status ?? {};
  const status: Record<string, unknown> = {};
  for (const field of new Set([...Object.keys(current), ...Object.keys(wanted)]) as Set<keyof PodStatus>) {
    if (FOREIGN_FIELDS.includes(field) || same(current[field], wanted[field])) continue;
    // What the status does not mention may belong to someone else; these two are ours to clear.
    if (wanted[field] === undefined && field !== "reason" && field !== "message") continue;
    status[field] = wanted[field] ?? null;
  }
  const conditions = changedConditions(current.conditions ?? [], wanted.conditions ?? []);
  if (conditions.length > 0) status.conditions = conditions;
  for (const [field, key] of Object.entries(KEYED_LISTS) as ["podIPs" | "hostIPs", "ip"][]) {
    const items = changedItems((current[field] ?? []) as unknown as PatchItem[], (wanted[field] ?? []) as unknown as PatchItem[], key);
    if (items.length > 0) status[field] = items;
  }
  if (Object.keys(status).length === 0) return undefined;
  return { metadata: { uid: pod.metadata?.uid }, status };
}

function changedConditions(current: readonly PodCondition[], wanted: readonly PodCondition[]): PatchItem[] {
  const items: PatchItem[] = [];
  for (const condition of wanted) {
    const before = current.find(({ type }) => type === condition.type);
    if (!KUBELET_CONDITIONS.includes(condition.type) || same(before, condition)) continue;
    const item: PatchItem = { ...condition };
    // A merge keeps what the patch does not name.
    for (const field of ["reason", "message"] as const) if (before?.[field] && !condition[field]) item[field] = null;
    items.push(item);
  }
  for (const { type } of current) {
    if (KUBELET_CONDITIONS.includes(type) && !wanted.some((condition) => condition.type === type)) items.push({ $patch: "delete", type });
  }
  return items;
}

function changedItems(current: readonly PatchItem[], wanted: readonly PatchItem[], key: string): PatchItem[] {
  if (wanted.length === 0 || same(current, wanted)) return [];
  const gone = current.filter((item) => !wanted.some((other) => other[key] === item[key]));
  return [...wanted, ...gone.map((item) => ({ $patch: "delete", [key]: item[key] }))];
}

/** Equal as JSON, whatever the order of keys; absent and null are the same. */
function same(a: unknown, b: unknown): boolean {
  if (a === b || (a ?? undefined) === (b ?? undefined)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => same(left[key], right[key]));
}
