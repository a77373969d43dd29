import {
  selectorOf,
  type Node,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
  type PodSpec,
  type SelectorOperator,
  type Taint,
  type Toleration,
} from "@skiff/api";
import { tolerates } from "../taint-eviction/plan.ts";

const OPERATORS: Readonly<Record<string, SelectorOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
  Gt: "gt",
  Lt: "lt",
};

function fits(requirements: readonly NodeSelectorRequirement[] | undefined, values: Readonly<Record<string, string>>): boolean {
  const parsed = (requirements ?? []).map(({ key, operator, values: wanted = [] }) => ({
    key,
    operator: OPERATORS[operator] ?? "in",
    values: wanted,
  }));
  return selectorOf(parsed).matches(values);
}

/** True when one of the terms fits; a term without conditions fits nothing. */
function fitsTerms(terms: readonly NodeSelectorTerm[], node: Node): boolean {
  const { labels = {}, name = "" } = node.metadata ?? {};
  return terms.some(({ matchExpressions, matchFields }) => {
    if (!matchExpressions?.length && !matchFields?.length) return false;
    return fits(matchExpressions, labels) && fits(matchFields, { "metadata.name": name });
  });
}

/** Whether a Pod asks for this node, by name, selector and required affinity. */
export function wantsNode(spec: PodSpec, node: Node): boolean {
  if (spec.nodeName && spec.nodeName !== node.metadata?.name) return false;
  const labels = node.metadata?.labels ?? {};
  if (!Object.entries(spec.nodeSelector ?? {}).every(([name, value]) => labels[name] === value)) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || fitsTerms(required.nodeSelectorTerms, node);
}

/** The first taint with one of `effects` that nothing tolerates. */
export function untoleratedTaint(
  tolerations: readonly Toleration[],
  taints: readonly Taint[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return taints?.find((taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)));
}
