import { parseTime } from "@skiff/base";
import {
  groupResource,
  isInQuotaScope,
  Quantity,
  quotaUsageOf,
  type KubeObject,
  type Pod,
  type QuotaUsage,
  type ResourceQuota,
  type ResourceQuotaStatus,
} from "@skiff/api";
import { sameJson } from "../same-json.ts";
import { countedKind, type CountedKind } from "./quota-kinds.ts";

/** What there is to know about one quota. */
export interface ObservedQuota {
  readonly quota: ResourceQuota;
  /** The objects of its namespace by kind (`deployments.apps`). A kind that is missing could not be read. */
  readonly objects: ReadonlyMap<string, readonly KubeObject[]>;
}

/** The status with what is really used; `undefined` when it says so already. What could not be counted keeps its number. */
export function planQuota({ quota, objects }: ObservedQuota, nowMs: number): ResourceQuotaStatus | undefined {
  const hard = quota.spec?.hard ?? {};
  const before = quota.status?.used ?? {};
  const used: Record<string, string> = {};
  const totals = new Map<string, QuotaUsage>();
  for (const name of Object.keys(hard)) {
    const kind = countedKind(name);
    const counted = kind && objects.get(groupResource(kind));
    if (kind === undefined || counted === undefined) {
      if (before[name] !== undefined) used[name] = before[name];
      continue;
    }
    const key = groupResource(kind);
    let total = totals.get(key);
    if (total === undefined) totals.set(key, (total = totalUsage(quota, kind, counted, nowMs)));
    used[name] = (total.get(name) ?? Quantity.of(0)).toString();
  }
  const status = { hard, used };
  const isRight = quota.status?.hard !== undefined && quota.status.used !== undefined && sameJson(quota.status.hard, hard);
  return isRight && sameJson(before, used) ? undefined : status;
}

function totalUsage(quota: ResourceQuota, kind: CountedKind, objects: readonly KubeObject[], nowMs: number): QuotaUsage {
  const total: QuotaUsage = new Map();
  for (const object of objects) {
    if (!isInQuotaScope(quota, kind.plural, object)) continue;
    for (const [name, amount] of usageNow(kind, object, nowMs)) total.set(name, total.get(name)?.add(amount) ?? amount);
  }
  return total;
}

/** What an object uses. A Pod whose kubelet has not confirmed its end in time holds nothing any more, as if it had ended. */
export function usageNow(kind: CountedKind, object: KubeObject, nowMs: number): QuotaUsage {
  if (kind.group !== "" || kind.plural !== "pods" || !isOverdue(object, nowMs)) return quotaUsageOf(kind, object);
  const pod = object as Pod;
  return quotaUsageOf(kind, { ...pod, status: { ...pod.status, phase: "Failed" } } as Pod);
}

function isOverdue({ metadata }: KubeObject, nowMs: number): boolean {
  const deletedAtMs = parseTime(metadata?.deletionTimestamp);
  const graceSeconds = metadata?.deletionGracePeriodSeconds;
  return deletedAtMs !== undefined && graceSeconds !== undefined && nowMs > deletedAtMs + graceSeconds * 1000;
}
