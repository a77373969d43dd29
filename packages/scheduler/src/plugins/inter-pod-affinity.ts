import { MAX_NODE_SCORE, type NodeFilter, type NodeScorer, type Plugin } from "../framework/plugin.ts";
import { unresolvable, unschedulable, type Rejection } from "../framework/rejection.ts";
import { matchesTerm, type AffinityTerm } from "../state/affinity-term.ts";
import type { Snapshot } from "../state/cluster-state.ts";
import type { NodeInfo } from "../state/node-info.ts";
import { PodInfo } from "../state/pod-info.ts";

const NAME = "InterPodAffinity";
const NO_AFFINITY = unresolvable(NAME, "node(s) didn't match pod affinity rules");
const ANTI_AFFINITY = unschedulable(NAME, "node(s) didn't match pod anti-affinity rules");
const EXISTING_ANTI_AFFINITY = unschedulable(NAME, "node(s) didn't satisfy existing pods anti-affinity rules");
/** What required affinity of existing Pods adds to the score of nodes near them. */
const HARD_AFFINITY_WEIGHT = 1;

/** Sums by topology: a label's key, then its value. */
class TopologySums {
  readonly #sums = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#sums.size === 0;
  }

  get(key: string, value: string): number {
    return this.#sums.get(key)?.get(value) ?? 0;
  }

  add(key: string, value: string | undefined, by: number): void {
    if (value === undefined || by === 0) return;
    let values = this.#sums.get(key);
    if (values === undefined) this.#sums.set(key, (values = new Map()));
    const sum = (values.get(value) ?? 0) + by;
    if (sum !== 0) values.set(value, sum);
    else if (values.delete(value) && values.size === 0) this.#sums.delete(key);
  }

  /** The sum over everything that the labels are part of. */
  of(labels: Readonly<Record<string, string>>): number {
    let total = 0;
    for (const [key, values] of this.#sums) {
      const value = labels[key];
      if (value !== undefined) total += values.get(value) ?? 0;
    }
    return total;
  }

  anyAboveZero(labels: Readonly<Record<string, string>>): boolean {
    for (const [key, values] of this.#sums) {
      const value = labels[key];
      if (value !== undefined && (values.get(value) ?? 0) > 0) return true;
    }
    return false;
  }
}

class AffinityFilter implements NodeFilter {
  readonly #pod: PodInfo;
  readonly #snapshot: Snapshot;
  /** Pods that the incoming one wants to be with: those that match all of its terms. */
  readonly #wanted = new TopologySums();
  readonly #unwanted = new TopologySums();
  /** Existing Pods that do not want the incoming one near. */
  readonly #refusing = new TopologySums();

  constructor(pod: PodInfo, snapshot: Snapshot) {
    this.#pod = pod;
    this.#snapshot = snapshot;
    for (const node of snapshot.nodesWithRequiredAntiAffinity) {
      for (const existing of node.podsWithRequiredAntiAffinity) this.#countRefusing(existing, node, 1);
    }
    if (pod.requiredAffinity.length === 0 && pod.requiredAntiAffinity.length === 0) return;
    for (const node of snapshot.nodes) for (const existing of node.pods.values()) this.#countWanted(existing, node, 1);
  }

  get isEmpty(): boolean {
    return this.#refusing.isEmpty && this.#pod.requiredAffinity.length === 0 && this.#pod.requiredAntiAffinity.length === 0;
  }

  filter(node: NodeInfo): Rejection | undefined {
    if (!this.#satisfiesAffinity(node)) return NO_AFFINITY;
    for (const { topologyKey } of this.#pod.requiredAntiAffinity) {
      const value = node.labels[topologyKey];
      if (value !== undefined && this.#unwanted.get(topologyKey, value) > 0) return ANTI_AFFINITY;
    }
    return this.#refusing.anyAboveZero(node.labels) ? EXISTING_ANTI_AFFINITY : undefined;
  }

  addPod(pod: PodInfo, node: NodeInfo): void {
    this.#countRefusing(pod, node, 1);
    this.#countWanted(pod, node, 1);
  }

  removePod(pod: PodInfo, node: NodeInfo): void {
    this.#countRefusing(pod, node, -1);
    this.#countWanted(pod, node, -1);
  }

  #satisfiesAffinity(node: NodeInfo): boolean {
    let allThere = true;
    for (const { topologyKey } of this.#pod.requiredAffinity) {
      const value = node.labels[topologyKey];
      if (value === undefined) return false;
      if (this.#wanted.get(topologyKey, value) <= 0) allThere = false;
    }
    // The first Pod of a group that wants to be together must be able to start it.
    return allThere || (this.#wanted.isEmpty && this.#matchesAll(this.#pod));
  }

  #matchesAll(pod: PodInfo): boolean {
    const terms = this.#pod.requiredAffinity;
    return terms.length > 0 && terms.every((term) => matchesTerm(term, pod, this.#snapshot.namespaceLabels));
  }

  #countRefusing(existing: PodInfo, node: NodeInfo, by: 1 | -1): void {
    for (const term of existing.requiredAntiAffinity) {
      if (matchesTerm(term, this.#pod, this.#snapshot.namespaceLabels))
        this.#refusing.add(term.topologyKey, node.labels[term.topologyKey], by);
    }
  }

  #countWanted(existing: PodInfo, node: NodeInfo, by: 1 | -1): void {
    if (this.#matchesAll(existing)) {
      for (const { topologyKey } of this.#pod.requiredAffinity) this.#wanted.add(topologyKey, node.labels[topologyKey], by);
    }
    for (const term of this.#pod.requiredAntiAffinity) {
      if (matchesTerm(term, existing, this.#snapshot.namespaceLabels))
        this.#unwanted.add(term.topologyKey, node.labels[term.topologyKey], by);
    }
  }
}

/** Adds up who wants to be near whom: the incoming Pod's preferences, and those of the Pods that are there. */
function preferences(pod: PodInfo, snapshot: Snapshot): TopologySums {
  const sums = new TopologySums();
  const hasOwn = pod.preferredAffinity.length > 0 || pod.preferredAntiAffinity.length > 0;
  const count = (terms: readonly AffinityTerm[], about: PodInfo, node: NodeInfo, weightOf: (term: AffinityTerm) => number): void => {
    for (const term of terms) {
      if (matchesTerm(term, about, snapshot.namespaceLabels)) sums.add(term.topologyKey, node.labels[term.topologyKey], weightOf(term));
    }
  };
  for (const node of hasOwn ? snapshot.nodes : snapshot.nodesWithAffinity) {
    for (const existing of hasOwn ? node.pods.values() : node.podsWithAffinity) {
      count(pod.preferredAffinity, existing, node, ({ weight }) => weight);
      count(pod.preferredAntiAffinity, existing, node, ({ weight }) => -weight);
      count(existing.requiredAffinity, pod, node, () => HARD_AFFINITY_WEIGHT);
      count(existing.preferredAffinity, pod, node, ({ weight }) => weight);
      count(existing.preferredAntiAffinity, pod, node, ({ weight }) => -weight);
    }
  }
  return sums;
}

function spreadScores(scores: Float64Array): void {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    min = Math.min(min, score);
    max = Math.max(max, score);
  }
  for (let index = 0; index < scores.length; index++) {
    scores[index] = max === min ? 0 : Math.floor((MAX_NODE_SCORE * (scores[index]! - min)) / (max - min));
  }
}

/** Filter and Score: affinity and anti-affinity between Pods, of the incoming Pod and of those that are there. */
export const interPodAffinity: Plugin = {
  name: NAME,
  weight: 2,
  preFilter(pod, snapshot) {
    const filter = new AffinityFilter(pod, snapshot);
    return filter.isEmpty ? "skip" : { filter };
  },
  preScore(pod, snapshot): NodeScorer | "skip" {
    const hasOwn = pod.preferredAffinity.length > 0 || pod.preferredAntiAffinity.length > 0;
    if (!hasOwn && snapshot.nodesWithAffinity.size === 0) return "skip";
    const sums = preferences(pod, snapshot);
    return sums.isEmpty ? "skip" : { score: ({ labels }) => sums.of(labels), normalizeScores: spreadScores };
  },
  isRelievedBy(event, pod) {
    if (event.resource === "Node") return event.action !== "delete";
    if (event.resource === "Namespace") return true;
    if (event.resource !== "AssignedPod") return false;
    // A Pod that comes can only satisfy affinity; one that goes can only take anti-affinity away.
    if (event.action === "update") return true;
    const other = new PodInfo(event.object);
    if (event.action === "add")
      return pod.requiredAffinity.some((term) => matchesTerm(term, other, () => ({})) || !term.namespaceSelector.matchesNothing);
    return pod.requiredAntiAffinity.length > 0 || other.requiredAntiAffinity.length > 0;
  },
};
