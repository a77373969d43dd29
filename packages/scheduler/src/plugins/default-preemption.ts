import { randomInteger } from "@skiff/base";
import { selectorFromLabelSelector, type PodDisruptionBudget } from "@skiff/api";
import { fitMessage } from "../framework/fit-message.ts";
import type { FailedAttempt, Plugin, PostFilterResult } from "../framework/plugin.ts";
import { unresolvable, type Rejection } from "../framework/rejection.ts";
import type { NodeInfo } from "../state/node-info.ts";
import type { PodInfo } from "../state/pod-info.ts";

const NAME = "DefaultPreemption";
const NO_VICTIMS = unresolvable(NAME, "No preemption victims found for incoming pod");
const NOT_HELPFUL = unresolvable(NAME, "Preemption is not helpful for scheduling");
/** So many nodes are tried out: a tenth of the cluster, but at least a hundred. */
const MIN_CANDIDATES_PERCENTAGE = 10;
const MIN_CANDIDATES = 100;
/** Makes every priority count as one more victim in the sum, negative priorities included. */
const PRIORITY_OFFSET = 2 ** 31;

/** What it would take to run the Pod on a node. */
interface Candidate {
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  /** Victims whose disruption budgets allow no more disruptions. */
  readonly violations: number;
}

/** The disruption budgets of a namespace. */
type DisruptionBudgets = (namespace: string) => readonly PodDisruptionBudget[];

/** The higher priority first, then the one that runs longer. */
function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || a.startMs - b.startMs || 0;
}

/** Takes a budget's allowance into account for each Pod in turn: those for whom nothing is left come first in the answer. */
function splitByBudgets(pods: readonly PodInfo[], budgetsOf: DisruptionBudgets): { violating: PodInfo[]; others: PodInfo[] } {
  const allowed = new Map<PodDisruptionBudget, number>();
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    for (const budget of budgetsOf(pod.namespace)) {
      const selector = selectorFromLabelSelector(budget.spec?.selector);
      if (Object.keys(pod.labels).length === 0 || selector.matchesEverything || !selector.matches(pod.labels)) continue;
      if (budget.status?.disruptedPods?.[pod.name] !== undefined) continue;
      const left = (allowed.get(budget) ?? budget.status?.disruptionsAllowed ?? 0) - 1;
      allowed.set(budget, left);
      if (left < 0) violates = true;
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}

/** Finds the fewest Pods of lower priority that must leave the node: all are thought away, then as many as possible come back. */
function tryNode(attempt: FailedAttempt, node: NodeInfo, budgets: DisruptionBudgets): Candidate | Rejection {
  const lower = Array.from(node.pods.values()).filter(({ priority }) => priority < attempt.pod.priority);
  if (lower.length === 0) return NO_VICTIMS;
  const away = new Set(lower);
  for (const pod of lower) attempt.removePod(pod, node);
  try {
    const rejection = attempt.fits(node);
    if (rejection !== undefined) return rejection;
    lower.sort(byImportance);
    const { violating, others } = splitByBudgets(lower, budgets);
    const victims: PodInfo[] = [];
    let violations = 0;
    const reprieve = (pod: PodInfo): boolean => {
      attempt.addPod(pod, node);
      if (attempt.fits(node) === undefined) return away.delete(pod);
      attempt.removePod(pod, node);
      victims.push(pod);
      return false;
    };
    for (const pod of violating) if (!reprieve(pod)) violations++;
    for (const pod of others) reprieve(pod);
    return victims.length === 0 ? NO_VICTIMS : { node, victims: victims.sort(byImportance), violations };
  } finally {
    for (const pod of away) attempt.addPod(pod, node);
  }
}

/** What makes one candidate better than another, the most weighty first; the smaller number wins. */
const CRITERIA: readonly ((candidate: Candidate) => number)[] = [
  ({ violations }) => violations,
  ({ victims }) => victims[0]?.priority ?? 0,
  ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + PRIORITY_OFFSET, 0),
  ({ victims }) => victims.length,
  // The one whose most important victim started last.
  ({ victims }) => -Math.min(...victims.filter(({ priority }) => priority === victims[0]?.priority).map(({ startMs }) => startMs)),
];

function better(a: Candidate, b: Candidate): boolean {
  for (const criterion of CRITERIA) {
    const [left, right] = [criterion(a), criterion(b)];
    if (left !== right) return left < right;
  }
  return false;
}

function isBeingPreempted({ terminating, pod }: PodInfo): boolean {
  const conditions = pod.status?.conditions ?? [];
  return terminating && conditions.some(({ type, reason }) => type === "DisruptionTarget" && reason === "PreemptionByScheduler");
}

/** Why the Pod may not push others out, if so. */
function ineligible({ pod, snapshot, rejections }: FailedAttempt): PostFilterResult | undefined {
  if (pod.pod.spec?.preemptionPolicy === "Never") {
    return { message: "preemption: not eligible due to preemptionPolicy=Never.", keepsNomination: true };
  }
  const nominated = snapshot.node(snapshot.nominated.nodeOf(pod.uid) ?? pod.pod.status?.nominatedNodeName ?? "");
  if (nominated === undefined || rejections.get(nominated.name)?.resolvable === false) return undefined;
  for (const other of nominated.pods.values()) {
    if (isBeingPreempted(other) && other.priority < pod.priority) {
      return { message: "preemption: not eligible due to a terminating pod on the nominated node.", keepsNomination: true };
    }
  }
  return undefined;
}

/**
 * PostFilter: when nothing fits, finds the node where pushing out Pods of lower priority costs least: the fewest broken
 * disruption budgets, then the least important victims, then the fewest, then the youngest.
 */
export function createDefaultPreemption(budgets: DisruptionBudgets): Plugin {
  return {
    name: NAME,
    postFilter(attempt) {
      const refusal = ineligible(attempt);
      if (refusal !== undefined) return refusal;
      const { snapshot, rejections, absent, random } = attempt;
      const nodes = snapshot.nodes.filter(({ name }) => (rejections.get(name) ?? absent)?.resolvable ?? false);
      const wanted = Math.max(Math.floor((snapshot.nodes.length * MIN_CANDIDATES_PERCENTAGE) / 100), MIN_CANDIDATES);
      const offset = nodes.length === 0 ? 0 : randomInteger(random, nodes.length);
      const tried = new Map<string, Rejection>();
      let best: Candidate | undefined;
      let found = 0;
      for (let index = 0; index < nodes.length && found < wanted; index++) {
        const node = nodes[(offset + index) % nodes.length]!;
        const candidate = tryNode(attempt, node, budgets);
        if ("reasons" in candidate) {
          tried.set(node.name, candidate);
          continue;
        }
        found++;
        if (best === undefined || better(candidate, best)) best = candidate;
      }
      if (best !== undefined) return { nomination: { nodeName: best.node.name, victims: best.victims } };
      const message = fitMessage({ nodeCount: snapshot.nodes.length, rejections: tried, absent: NOT_HELPFUL });
      return { message: `preemption: ${message}` };
    },
  };
}
