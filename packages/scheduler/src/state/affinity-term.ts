import { selectorFromLabelSelector, type Pod, type PodAffinityTerm, type Selector } from "@skiff/api";

/** Labels of a namespace; `undefined` when it is not known. */
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>> | undefined;

/** A term of inter-Pod affinity, made ready for matching. */
export interface AffinityTerm {
  readonly topologyKey: string;
  readonly weight: number;
  readonly selector: Selector;
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: Selector;
}

/** Compiles the terms of `owner`. A term that names no namespaces and selects none is about the owner's own. */
export function affinityTerm(owner: Pod, term: PodAffinityTerm, weight = 0): AffinityTerm {
  const named = term.namespaces ?? [];
  const own = named.length === 0 && term.namespaceSelector === undefined;
  return {
    topologyKey: term.topologyKey,
    weight,
    selector: selectorFromLabelSelector(term.labelSelector),
    namespaces: new Set(own ? [owner.metadata?.namespace ?? ""] : named),
    namespaceSelector: selectorFromLabelSelector(term.namespaceSelector),
  };
}

/** True when the Pod of these labels in this namespace is one that the term is about. */
export function matchesTerm(
  term: AffinityTerm,
  pod: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  namespaceLabels: NamespaceLabels,
): boolean {
  const inNamespace =
    term.namespaces.has(pod.namespace) ||
    (!term.namespaceSelector.matchesNothing && term.namespaceSelector.matches(namespaceLabels(pod.namespace)));
  return inNamespace && term.selector.matches(pod.labels);
}
