import type { LabelSelector, PodDisruptionBudget } from "../generated/types.ts";
import { jsonEquals } from "../json-value.ts";
import type { KindVersion } from "../kind.ts";
import type { KubeObject } from "../object.ts";
import { removedVersion } from "./removed-version.ts";

/** Nobody sets this label; upstream's conversion writes with it that a selector selects nothing, or everything. */
const EMPTY_SELECTOR_KEY = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match";
const NOTHING: LabelSelector = { matchExpressions: [{ key: EMPTY_SELECTOR_KEY, operator: "Exists" }] };
const EVERYTHING: LabelSelector = { matchExpressions: [{ key: EMPTY_SELECTOR_KEY, operator: "DoesNotExist" }] };

function isEmpty({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

function withSelector(object: KubeObject, convert: (selector: LabelSelector) => LabelSelector): KubeObject {
  const budget = object as PodDisruptionBudget;
  if (budget.spec?.selector === undefined) return budget;
  return { ...budget, spec: { ...budget.spec, selector: convert(budget.spec.selector) } } as PodDisruptionBudget;
}

/** An empty selector meant no Pod in v1beta1, and means every Pod in v1. */
function toStored(object: KubeObject): KubeObject {
  return withSelector(object, (selector) => (isEmpty(selector) ? NOTHING : jsonEquals(selector, EVERYTHING) ? {} : selector));
}

function fromStored(object: KubeObject): KubeObject {
  return withSelector(object, (selector) => (isEmpty(selector) ? EVERYTHING : jsonEquals(selector, NOTHING) ? {} : selector));
}

/** The version of PodDisruptionBudgets before `policy/v1`. */
export const removedPodDisruptionBudgetVersions: readonly KindVersion[] = [
  removedVersion({
    kind: "PodDisruptionBudget",
    group: "policy",
    version: "v1beta1",
    deprecatedIn: 21,
    removedIn: 25,
    toStored,
    fromStored,
  }),
];
