import type { Selector } from "@skiff/api";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";

/** Selectors that are kept counted at the same time; past it the one that was not asked for the longest is dropped. */
const MAX_TRACKED = 256;

interface Tracked {
  readonly namespace: string;
  readonly selector: Selector;
  readonly counts: Map<NodeInfo, number>;
}

/**
 * How many Pods of a namespace a selector picks on each node, kept up with every change, so that spreading the Pods of
 * a workload does not look at all Pods of the cluster each time. Pods that are being deleted do not count.
 */
export class MatchCounts {
  readonly #tracked = new Map<string, Tracked>();
  readonly #byNamespace = new Map<string, Set<Tracked>>();

  /** Counts above zero by node; live until the next change. `nodes` is read only the first time. */
  get(namespace: string, selector: Selector, nodes: Iterable<NodeInfo>): ReadonlyMap<NodeInfo, number> {
    const key = `${namespace}/${selector.matchesNothing ? "!" : selector.toString()}`;
    let tracked = this.#tracked.get(key);
    if (tracked === undefined) tracked = this.#track(namespace, selector, nodes);
    else this.#tracked.delete(key);
    this.#tracked.set(key, tracked);
    if (this.#tracked.size > MAX_TRACKED) this.#dropOldest();
    return tracked.counts;
  }

  changed(pod: PodInfo, node: NodeInfo, by: 1 | -1): void {
    if (pod.terminating) return;
    for (const { selector, counts } of this.#byNamespace.get(pod.namespace) ?? []) {
      if (!selector.matches(pod.labels)) continue;
      const count = (counts.get(node) ?? 0) + by;
      if (count === 0) counts.delete(node);
      else counts.set(node, count);
    }
  }

  #track(namespace: string, selector: Selector, nodes: Iterable<NodeInfo>): Tracked {
    const counts = new Map<NodeInfo, number>();
    for (const node of nodes) {
      let count = 0;
      for (const pod of node.pods.values()) {
        if (pod.namespace === namespace && !pod.terminating && selector.matches(pod.labels)) count++;
      }
      if (count > 0) counts.set(node, count);
    }
    const tracked = { namespace, selector, counts };
    let inNamespace = this.#byNamespace.get(namespace);
    if (inNamespace === undefined) this.#byNamespace.set(namespace, (inNamespace = new Set()));
    inNamespace.add(tracked);
    return tracked;
  }

  #dropOldest(): void {
    const [oldest] = this.#tracked;
    if (oldest === undefined) return;
    const [key, tracked] = oldest;
    this.#tracked.delete(key);
    const inNamespace = this.#byNamespace.get(tracked.namespace);
    inNamespace?.delete(tracked);
    if (inNamespace?.size === 0) this.#byNamespace.delete(tracked.namespace);
  }
}
