import type { PodGroups } from "./pod-groups.ts";

/** How far usage may be from its target before anything is done, as a share of the target. */
export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

/** What a metric says: how many replicas, and what was measured. */
interface Proposal {
  readonly replicas: number;
  /** Per cent of what Pods ask for. */
  readonly utilization?: number;
  /** Thousandths for each Pod. */
  readonly averageMilli: number;
}

interface Ratio {
  /** Usage over target. */
  readonly ratio: number;
  readonly utilization?: number;
  readonly averageMilli: number;
}

/** What is to be reached: a share of what Pods ask for, or an amount (in thousandths) for each. */
export type PodTarget =
  | { readonly type: "utilization"; readonly percent: number; readonly requests: ReadonlyMap<string, number> }
  | { readonly type: "average"; readonly milli: number };

/** Whether usage is as good as on target. */
function isTolerated(ratio: number, { up, down }: Tolerances): boolean {
  return ratio >= 1 - down && ratio <= 1 + up;
}

/**
 * The replicas with which the Pods' average comes to the target.
 *
 * Rules (upstream's): Pods without a measurement count as using just enough not to hasten a change (all they asked for on the
 * way down, nothing on the way up), unready ones as idle on the way up; when that turns the direction round, nothing is done.
 *
 * Errors: a text when nothing can be said.
 */
export function replicasForPods(current: number, groups: PodGroups, target: PodTarget, tolerances: Tolerances): Proposal | string {
  const usage = new Map(Array.from(groups.measured, ([name, { milli }]) => [name, milli]));
  if (usage.size === 0) return "did not receive metrics for targeted pods (pods might be unready)";
  const measured = ratioOf(usage, target);
  if (typeof measured === "string") return measured;
  const { ratio, utilization, averageMilli } = measured;
  const propose = (replicas: number): Proposal => ({ replicas, averageMilli, ...(utilization === undefined ? {} : { utilization }) });
  const countsUnready = groups.unready.length > 0 && ratio > 1;
  if (!countsUnready && groups.missing.length === 0) {
    return propose(isTolerated(ratio, tolerances) ? current : Math.ceil(ratio * usage.size));
  }
  if (ratio !== 1) for (const name of groups.missing) usage.set(name, ratio < 1 ? fullUse(name, target) : 0);
  if (countsUnready) for (const name of groups.unready) usage.set(name, 0);
  const adjusted = ratioOf(usage, target);
  if (typeof adjusted === "string") return adjusted;
  const turned = (ratio < 1 && adjusted.ratio > 1) || (ratio > 1 && adjusted.ratio < 1);
  if (turned || isTolerated(adjusted.ratio, tolerances)) return propose(current);
  const replicas = Math.ceil(adjusted.ratio * usage.size);
  const isBackwards = (adjusted.ratio < 1 && replicas > current) || (adjusted.ratio > 1 && replicas < current);
  return propose(isBackwards ? current : replicas);
}

/** What a Pod without a measurement is taken to use on the way down. */
function fullUse(name: string, target: PodTarget): number {
  if (target.type === "average") return target.milli;
  return ((target.requests.get(name) ?? 0) * Math.max(100, target.percent)) / 100;
}

function ratioOf(usage: ReadonlyMap<string, number>, target: PodTarget): Ratio | string {
  let total = 0;
  let requested = 0;
  let count = 0;
  for (const [name, milli] of usage) {
    if (target.type === "utilization") {
      const request = target.requests.get(name);
      if (request === undefined) continue;
      requested += request;
    }
    total += milli;
    count++;
  }
  const averageMilli = Math.trunc(total / Math.max(1, count));
  if (target.type === "average") return { ratio: averageMilli / target.milli, averageMilli };
  if (requested === 0) return "no metrics returned matched known pods";
  const utilization = Math.trunc((total * 100) / requested);
  return { ratio: utilization / target.percent, utilization, averageMilli };
}

/** The replicas with which one amount comes to `targetMilli`, when it falls as Pods are added. `ready` is how many serve now. */
export function replicasForValue(current: number, ready: number, milli: number, targetMilli: number, tolerances: Tolerances): number {
  const ratio = milli / targetMilli;
  if (current === 0) return Math.ceil(ratio);
  return isTolerated(ratio, tolerances) ? current : Math.ceil(ratio * ready);
}

/** The replicas with which one amount, shared out among `statusReplicas`, comes to `targetMilli` for each. */
export function replicasForShare(statusReplicas: number, milli: number, targetMilli: number, tolerances: Tolerances): number {
  if (statusReplicas > 0 && isTolerated(milli / (targetMilli * statusReplicas), tolerances)) return statusReplicas;
  return Math.ceil(milli / targetMilli);
}
