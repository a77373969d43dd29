import type { Selector } from "@skiff/api";
import { MAX_NODE_SCORE, type NodeFilter, type NodeScorer, type Plugin } from "../framework/plugin.ts";
import { unresolvable, unschedulable, type Rejection } from "../framework/rejection.ts";
import type { Snapshot } from "../state/cluster-state.ts";
import type { NodeInfo } from "../state/node-info.ts";
import type { PodInfo } from "../state/pod-info.ts";
import { defaultConstraints, HOSTNAME_LABEL, podConstraints, type SpreadConstraint } from "./spread-constraint.ts";

const NAME = "PodTopologySpread";
const SKEWED = unschedulable(NAME, "node(s) didn't match pod topology spread constraints");
const NO_LABEL = unresolvable(NAME, "node(s) didn't match pod topology spread constraints (missing required label)");

/** Finds the Pods that are like a Pod by what owns and serves it; `undefined` when nothing does. */
export type LikeSelector = (pod: PodInfo) => Selector | undefined;

const hasAllKeys = (constraints: readonly SpreadConstraint[], { labels }: NodeInfo): boolean =>
  constraints.every(({ topologyKey }) => labels[topologyKey] !== undefined);

/** The Pods of each domain of one hard constraint. */
class Domains {
  readonly constraint: SpreadConstraint;
  /** 1 when the incoming Pod counts itself. */
  readonly self: 0 | 1;
  readonly counts = new Map<string, number>();
  #min: number | undefined;

  constructor(constraint: SpreadConstraint, pod: PodInfo) {
    this.constraint = constraint;
    this.self = constraint.selector.matches(pod.labels) ? 1 : 0;
  }

  /** The smallest count; 0 while there are fewer domains than there should be. */
  get min(): number {
    if (this.counts.size < this.constraint.minDomains) return 0;
    if (this.#min === undefined) {
      this.#min = Number.POSITIVE_INFINITY;
      for (const count of this.counts.values()) if (count < this.#min) this.#min = count;
    }
    return this.#min;
  }

  add(domain: string, by: number): void {
    this.counts.set(domain, (this.counts.get(domain) ?? 0) + by);
    this.#min = undefined;
  }
}

class SpreadFilter implements NodeFilter {
  readonly #namespace: string;
  readonly #constraints: readonly SpreadConstraint[];
  readonly #domains: readonly Domains[];

  constructor(pod: PodInfo, constraints: readonly SpreadConstraint[], snapshot: Snapshot) {
    this.#namespace = pod.namespace;
    this.#constraints = constraints;
    this.#domains = constraints.map((constraint) => new Domains(constraint, pod));
    const nodes = snapshot.nodes.filter((node) => hasAllKeys(constraints, node));
    for (const domains of this.#domains) {
      const { selector, topologyKey, includes } = domains.constraint;
      const matching = snapshot.matchCounts(pod.namespace, selector);
      for (const node of nodes) if (includes(node)) domains.add(node.labels[topologyKey] ?? "", matching.get(node) ?? 0);
    }
  }

  filter({ labels }: NodeInfo): Rejection | undefined {
    for (const domains of this.#domains) {
      const { topologyKey, maxSkew } = domains.constraint;
      const domain = labels[topologyKey];
      if (domain === undefined) return NO_LABEL;
      if ((domains.counts.get(domain) ?? 0) + domains.self - domains.min > maxSkew) return SKEWED;
    }
    return undefined;
  }

  addPod(pod: PodInfo, node: NodeInfo): void {
    this.#count(pod, node, 1);
  }

  removePod(pod: PodInfo, node: NodeInfo): void {
    this.#count(pod, node, -1);
  }

  #count(pod: PodInfo, node: NodeInfo, by: 1 | -1): void {
    if (pod.namespace !== this.#namespace || pod.terminating || !hasAllKeys(this.#constraints, node)) return;
    for (const domains of this.#domains) {
      const { topologyKey, selector, includes } = domains.constraint;
      if (selector.matches(pod.labels) && includes(node)) domains.add(node.labels[topologyKey] ?? "", by);
    }
  }
}

/** How many domains of a key the feasible nodes have, and the Pods in each; for host names the node's own count is enough. */
function softCounts(
  pod: PodInfo,
  constraints: readonly SpreadConstraint[],
  snapshot: Snapshot,
  feasible: readonly NodeInfo[],
  all: boolean,
) {
  return constraints.map((constraint) => {
    const { topologyKey, selector, includes } = constraint;
    const matching = snapshot.matchCounts(pod.namespace, selector);
    if (topologyKey === HOSTNAME_LABEL) {
      return { constraint, weight: Math.log(feasible.length + 2), countOf: (node: NodeInfo) => matching.get(node) ?? 0 };
    }
    const domains = new Map<string, number>();
    for (const { labels } of feasible) if (labels[topologyKey] !== undefined) domains.set(labels[topologyKey], 0);
    // Only nodes with matching Pods add anything, so the others need not be looked at.
    for (const [node, count] of matching) {
      const domain = node.labels[topologyKey];
      const before = domain === undefined ? undefined : domains.get(domain);
      if (domain === undefined || before === undefined || !includes(node) || (all && !hasAllKeys(constraints, node))) continue;
      domains.set(domain, before + count);
    }
    const weight = Math.log(domains.size + 2);
    return { constraint, weight, countOf: ({ labels }: NodeInfo) => domains.get(labels[topologyKey] ?? "") ?? 0 };
  });
}

/** The emptier the domain the better; nodes outside all domains come last. */
function spreadScorer(
  pod: PodInfo,
  constraints: readonly SpreadConstraint[],
  snapshot: Snapshot,
  nodes: readonly NodeInfo[],
  all: boolean,
): NodeScorer {
  const isIgnored = (node: NodeInfo): boolean => all && !hasAllKeys(constraints, node);
  const counts = softCounts(pod, constraints, snapshot, all ? nodes.filter((node) => !isIgnored(node)) : nodes, all);
  return {
    score(node) {
      if (isIgnored(node)) return Number.NaN;
      let score = 0;
      for (const { constraint, weight, countOf } of counts) {
        if (node.labels[constraint.topologyKey] !== undefined) score += countOf(node) * weight + (constraint.maxSkew - 1);
      }
      return Math.round(score);
    },
    normalizeScores(scores) {
      let min = Number.POSITIVE_INFINITY;
      let max = 0;
      for (const score of scores) {
        if (score < min) min = score;
        if (score > max) max = score;
      }
      for (let index = 0; index < scores.length; index++) {
        const score = scores[index]!;
        if (Number.isNaN(score)) scores[index] = 0;
        else scores[index] = max === 0 ? MAX_NODE_SCORE : Math.floor((MAX_NODE_SCORE * (max + min - score)) / max);
      }
    },
  };
}

/** Filter and Score: Pods of a group spread evenly over the values of a node label. */
export function createPodTopologySpread(likeSelector: LikeSelector): Plugin {
  return {
    name: NAME,
    weight: 2,
    preFilter(pod, snapshot) {
      const constraints = podConstraints(pod, "DoNotSchedule");
      return constraints.length === 0 ? "skip" : { filter: new SpreadFilter(pod, constraints, snapshot) };
    },
    preScore(pod, snapshot, nodes) {
      const own = pod.pod.spec?.topologySpreadConstraints ?? [];
      if (own.length > 0) {
        const constraints = podConstraints(pod, "ScheduleAnyway");
        return constraints.length === 0 ? "skip" : spreadScorer(pod, constraints, snapshot, nodes, true);
      }
      const selector = likeSelector(pod);
      if (selector === undefined) return "skip";
      return spreadScorer(pod, defaultConstraints(pod, selector), snapshot, nodes, false);
    },
    isRelievedBy(event, pod) {
      if (event.resource === "Node") return true;
      if (event.resource !== "AssignedPod") return false;
      const { namespace, labels = {} } = event.object.metadata ?? {};
      if (namespace !== pod.namespace) return false;
      return event.action === "update" || podConstraints(pod, "DoNotSchedule").some(({ selector }) => selector.matches(labels));
    },
  };
}
