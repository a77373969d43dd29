import {
  requiredNodeMatcher,
  selectorFromLabels,
  selectorFromLabelSelector,
  selectorOf,
  untolerated,
  type LabelSelector,
  type Selector,
  type TopologySpreadConstraint,
} from "@skiff/api";
import type { NodeInfo } from "../state/node-info.ts";
import type { PodInfo } from "../state/pod-info.ts";

/** A topology spread constraint, made ready. */
export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: Selector;
  /** Whether the Pods of the node count, by the constraint's policies on affinity and taints. */
  readonly includes: (node: NodeInfo) => boolean;
}

/** The constraint's selector and the Pod's own values of its `matchLabelKeys` (KEP-3243). */
function constraintSelector({ labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint, pod: PodInfo): Selector {
  const base = selectorFromLabelSelector(labelSelector);
  const keys = matchLabelKeys.filter((key) => pod.labels[key] !== undefined);
  if (keys.length === 0 || base.matchesNothing) return base;
  return selectorOf([...base.requirements, ...keys.map((key) => ({ key, operator: "in" as const, values: [pod.labels[key] ?? ""] }))]);
}

/** The constraints of the Pod of one sort. */
export function podConstraints(pod: PodInfo, whenUnsatisfiable: "DoNotSchedule" | "ScheduleAnyway"): SpreadConstraint[] {
  const constraints = (pod.pod.spec?.topologySpreadConstraints ?? []).filter((one) => one.whenUnsatisfiable === whenUnsatisfiable);
  if (constraints.length === 0) return [];
  const affinity = requiredNodeMatcher(pod.pod);
  const tolerations = pod.pod.spec?.tolerations ?? [];
  return constraints.map((constraint) => ({
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    selector: constraintSelector(constraint, pod),
    includes: (node) =>
      (constraint.nodeAffinityPolicy === "Ignore" || affinity === undefined || affinity(node)) &&
      (constraint.nodeTaintsPolicy !== "Honor" || untolerated(node.taints, tolerations) === undefined),
  }));
}

/** The selector of the Pods that are like this one, or `undefined` when nothing says so. */
export function selectorOfSources(
  labels: readonly Readonly<Record<string, string>>[],
  owners: readonly LabelSelector[],
): Selector | undefined {
  const requirements = [
    ...selectorFromLabels(Object.assign({}, ...labels) as Record<string, string>).requirements,
    ...owners.flatMap((owner) => selectorFromLabelSelector(owner).requirements),
  ];
  return requirements.length === 0 ? undefined : selectorOf(requirements);
}

/** Upstream's constraints for Pods that have none of their own: spread over nodes and, less strictly, over zones. */
export function defaultConstraints(pod: PodInfo, selector: Selector): SpreadConstraint[] {
  const affinity = requiredNodeMatcher(pod.pod);
  const includes = (node: NodeInfo): boolean => affinity === undefined || affinity(node);
  return [
    { topologyKey: HOSTNAME_LABEL, maxSkew: 3, minDomains: 1, selector, includes },
    { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5, minDomains: 1, selector, includes },
  ];
}

/** The label whose every value is one node. */
export const HOSTNAME_LABEL = "kubernetes.io/hostname";
