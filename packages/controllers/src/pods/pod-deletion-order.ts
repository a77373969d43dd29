import { parseTime } from "@skiff/base";
import type { Pod } from "@skiff/api";
import { isPodReady, readySinceMs } from "./pod-state.ts";

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

interface Ranked {
  readonly pod: Pod;
  readonly unassigned: boolean;
  readonly phase: number;
  readonly ready: boolean;
  readonly cost: number;
  readonly siblings: number;
  readonly readyForMs: number | undefined;
  readonly restarts: number;
  readonly ageMs: number | undefined;
}

/**
 * The `count` Pods to delete first when there are too many: unscheduled before scheduled, pending before running, unready
 * before ready, cheap before dear (`controller.kubernetes.io/pod-deletion-cost`), those on nodes with many siblings, those that became
 * ready lately, those that restarted often, young ones. Times are compared by their order of magnitude, so that among
 * Pods of about the same age the choice is arbitrary (by uid) and spreads (KEP-2185).
 *
 * `related` are all Pods of the same service, for the count of siblings on a node.
 */
export function podsToDelete(pods: readonly Pod[], count: number, related: readonly Pod[], nowMs: number): readonly Pod[] {
  if (count >= pods.length) return pods;
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName;
    if (node) onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  return pods
    .map((pod) => rank(pod, onNode, nowMs))
    .sort(compare)
    .slice(0, count)
    .map(({ pod }) => pod);
}

function rank(pod: Pod, onNode: ReadonlyMap<string, number>, nowMs: number): Ranked {
  const node = pod.spec?.nodeName;
  const since = (timeMs: number | undefined): number | undefined => (timeMs === undefined ? undefined : nowMs - timeMs);
  let restarts = 0;
  for (const { restartCount } of pod.status?.containerStatuses ?? []) restarts = Math.max(restarts, restartCount);
  return {
    pod,
    unassigned: !node,
    phase: PHASE_RANK[pod.status?.phase ?? "Pending"] ?? 0,
    ready: isPodReady(pod),
    cost: deletionCost(pod),
    siblings: node ? (onNode.get(node) ?? 0) : 0,
    readyForMs: since(readySinceMs(pod)),
    restarts,
    ageMs: since(parseTime(pod.metadata?.creationTimestamp)),
  };
}

/** Invalid costs count as 0; the API server admits only 32-bit numbers. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata?.annotations?.[DELETION_COST] ?? "0";
  return /^(0|-?[1-9]\d{0,9})$/.test(text) ? Number(text) : 0;
}

function compare(a: Ranked, b: Ranked): number {
  return (
    Number(b.unassigned) - Number(a.unassigned) ||
    a.phase - b.phase ||
    Number(a.ready) - Number(b.ready) ||
    a.cost - b.cost ||
    b.siblings - a.siblings ||
    (a.ready && b.ready ? compareDurations(a.readyForMs, b.readyForMs) : 0) ||
    b.restarts - a.restarts ||
    compareDurations(a.ageMs, b.ageMs) ||
    compareText(a.pod.metadata?.uid ?? "", b.pod.metadata?.uid ?? "")
  );
}

/** Shorter ones first, by the power of two of their nanoseconds; an unknown one is the shortest of all. */
function compareDurations(a: number | undefined, b: number | undefined): number {
  return magnitude(a) - magnitude(b);
}

function magnitude(durationMs: number | undefined): number {
  return durationMs === undefined || durationMs <= 0 ? -1 : Math.floor(Math.log2(durationMs * 1e6));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
