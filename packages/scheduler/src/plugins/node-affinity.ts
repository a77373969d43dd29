import { type NodeMatcher, type NodeSelectorTerm, requiredNodeMatcher, selectableNode, termMatcher } from "@skiff/api";
import type { Plugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/rejection.ts";
import { normalizeByMax } from "./normalize.ts";

const NAME = "NodeAffinity";
const NO_MATCH = unresolvable(NAME, "node(s) didn't match Pod's node affinity/selector");
const CONFLICT = unresolvable(NAME, "pod affinity terms conflict");

/** The nodes that the terms name by `metadata.name`; `undefined` when some term does not. */
function namedNodes(terms: readonly NodeSelectorTerm[]): Set<string> | undefined {
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const lists = matchFields.filter(({ key, operator }) => key === "metadata.name" && operator === "In").map(({ values }) => values ?? []);
    const [first, ...others] = lists;
    if (first === undefined) return undefined;
    for (const name of first) if (others.every((list) => list.includes(name))) names.add(name);
  }
  return names;
}

/** Filter: the Pod's node selector and required node affinity. Score: its preferred node affinity. */
export const nodeAffinity: Plugin = {
  name: NAME,
  weight: 2,
  preFilter({ pod }) {
    const matches = requiredNodeMatcher(pod);
    if (matches === undefined) return "skip";
    const filter = { filter: (node: Parameters<NodeMatcher>[0]) => (matches(node) ? undefined : NO_MATCH) };
    const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
    const nodeNames = terms.length === 0 ? undefined : namedNodes(terms);
    if (nodeNames?.size === 0) return CONFLICT;
    return nodeNames === undefined ? { filter } : { filter, nodeNames };
  },
  preScore({ pod }) {
    const preferred = (pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ preference, weight }) => ({ matches: termMatcher(preference), weight }),
    );
    if (preferred.length === 0) return "skip";
    return {
      score: (node) => preferred.reduce((sum, { matches, weight }) => (matches(node) ? sum + weight : sum), 0),
      normalizeScores: (scores) => normalizeByMax(scores, false),
    };
  },
  isRelievedBy(event, { pod }) {
    if (event.resource !== "Node" || event.action === "delete") return false;
    return requiredNodeMatcher(pod)?.(selectableNode(event.object)) ?? true;
  },
};
