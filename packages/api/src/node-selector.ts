import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from "./generated/types.ts";
import { type Selector, selectorOf, type SelectorOperator } from "./selector.ts";
import { StatusError } from "./status.ts";

/** What of a node its selectors can read. */
interface SelectableNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Tells whether a node is selected. */
export type NodeMatcher = (node: SelectableNode) => boolean;

const OPERATORS: ReadonlyMap<string, SelectorOperator> = new Map([
  ["In", "in"],
  ["NotIn", "notin"],
  ["Exists", "exists"],
  ["DoesNotExist", "!"],
  ["Gt", "gt"],
  ["Lt", "lt"],
]);

/** The requirements as a selector, or `undefined` when they are not valid and so match nothing. */
function compile(requirements: readonly NodeSelectorRequirement[]): Selector | undefined {
  try {
    return selectorOf(requirements.map(({ key, operator, values = [] }) => ({ key, operator: OPERATORS.get(operator) ?? "in", values })));
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

/** One term: all its expressions and fields hold. An empty term selects nothing. */
export function termMatcher({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): NodeMatcher {
  if (matchExpressions.length === 0 && matchFields.length === 0) return () => false;
  const labels = compile(matchExpressions);
  const fields = compile(matchFields);
  if (labels === undefined || fields === undefined) return () => false;
  if (matchFields.length === 0) return (node) => labels.matches(node.labels);
  return (node) => labels.matches(node.labels) && fields.matches({ "metadata.name": node.name });
}

/** A node selector: any of its terms holds. */
export function nodeSelectorMatcher(selector: NodeSelector): NodeMatcher {
  const terms = selector.nodeSelectorTerms.map(termMatcher);
  return (node) => terms.some((matches) => matches(node));
}

/** What a Pod requires of its node by `nodeSelector` and required node affinity; `undefined` when it requires nothing. */
export function requiredNodeMatcher({ spec }: Pick<Pod, "spec">): NodeMatcher | undefined {
  const labels = Object.entries(spec?.nodeSelector ?? {});
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (labels.length === 0 && required === undefined) return undefined;
  const affinity = required === undefined ? undefined : nodeSelectorMatcher(required);
  return (node) => labels.every(([key, value]) => node.labels[key] === value) && (affinity?.(node) ?? true);
}

/** What selectors can read of a node as it stands in the API. */
export function selectableNode({ metadata }: Node): SelectableNode {
  return { name: metadata?.name ?? "", labels: metadata?.labels ?? {} };
}
