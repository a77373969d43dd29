import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type {
  Affinity,
  LabelSelector,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from "../generated/types.ts";
import { invalidEach, oneOf, optionalOneOf } from "./field-checks.ts";
import { validateLabelName, validateLabelSelector } from "./labels.ts";
import { checkDnsLabel, checkDnsSubdomain, checkLabelValue } from "./names.ts";

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function validateNodeRequirement(requirement: NodeSelectorRequirement, lenient: boolean, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { operator, key = "", values = [] } = requirement as Partial<NodeSelectorRequirement>;
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0)
      errors.push(forbiddenField(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1) errors.push(required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else errors.push(invalidValue(`${field}.operator`, operator ?? "", "not a valid selector operator"));
  errors.push(...validateLabelName(key, `${field}.key`));
  if (!lenient) {
    for (const [index, value] of values.entries()) errors.push(...invalidEach(`${field}.values[${index}]`, value, checkLabelValue(value)));
  }
  return errors;
}

function validateNodeFieldRequirement(requirement: NodeSelectorRequirement, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { operator, key = "", values = [] } = requirement as Partial<NodeSelectorRequirement>;
  if (operator !== "In" && operator !== "NotIn")
    errors.push(invalidValue(`${field}.operator`, operator ?? "", "not a valid selector operator"));
  else if (values.length !== 1) {
    errors.push(required(`${field}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  }
  if (key !== "metadata.name") return [...errors, invalidValue(`${field}.key`, key, "not a valid field selector key")];
  return [...errors, ...values.flatMap((value, index) => invalidEach(`${field}.values[${index}]`, value, checkDnsSubdomain(value)))];
}

function validateNodeTerm(term: NodeSelectorTerm | undefined, lenient: boolean, field: string): FieldError[] {
  const labels = (term?.matchExpressions ?? []).flatMap((one, index) =>
    validateNodeRequirement(one, lenient, `${field}.matchExpressions[${index}]`),
  );
  const fields = (term?.matchFields ?? []).flatMap((one, index) => validateNodeFieldRequirement(one, `${field}.matchFields[${index}]`));
  return [...labels, ...fields];
}

/** A choice of nodes: at least one term, each right. */
export function validateNodeSelector(selector: NodeSelector, field: string): FieldError[] {
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) return [required(`${field}.nodeSelectorTerms`, "must have at least one node selector term")];
  return terms.flatMap((term, index) => validateNodeTerm(term, false, `${field}.nodeSelectorTerms[${index}]`));
}

function validateWeight(weight: number | undefined, field: string): FieldError[] {
  return weight !== undefined && weight > 0 && weight <= 100 ? [] : [invalidValue(field, weight ?? 0, "must be in the range 1-100")];
}

/** Keys whose values come from the Pod itself: only with a selector, each once, and none in both lists. */
function validateLabelKeys(term: PodAffinityTerm, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  for (const [name, keys] of [
    ["matchLabelKeys", matchLabelKeys],
    ["mismatchLabelKeys", mismatchLabelKeys],
  ] as const) {
    if (keys.length > 0 && labelSelector === undefined) {
      errors.push(forbiddenField(`${field}.${name}`, "must not be specified when labelSelector is not set"));
    }
    for (const [index, key] of keys.entries()) errors.push(...validateLabelName(key, `${field}.${name}[${index}]`));
  }
  for (const [index, key] of matchLabelKeys.entries()) {
    if (mismatchLabelKeys.includes(key))
      errors.push(invalidValue(`${field}.matchLabelKeys[${index}]`, key, "exists in both matchLabelKeys and mismatchLabelKeys"));
  }
  return errors;
}

function validatePodTerm(term: PodAffinityTerm | undefined, field: string): FieldError[] {
  if (term === undefined) return [required(`${field}.topologyKey`, "can not be empty")];
  const errors = [
    ...validateLabelSelector(term.labelSelector, `${field}.labelSelector`),
    ...validateLabelSelector(term.namespaceSelector, `${field}.namespaceSelector`),
    ...(term.namespaces ?? []).flatMap((name) => invalidEach(`${field}.namespace`, name, checkDnsLabel(name))),
    ...validateLabelKeys(term, field),
  ];
  if (!term.topologyKey) errors.push(required(`${field}.topologyKey`, "can not be empty"));
  return [...errors, ...validateLabelName(term.topologyKey ?? "", `${field}.topologyKey`)];
}

/** Where a Pod wants to run, relative to nodes and other Pods. */
export function validateAffinity(affinity: Affinity | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const required_ = "requiredDuringSchedulingIgnoredDuringExecution";
  const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
  const node = affinity?.nodeAffinity;
  if (node?.[required_]) errors.push(...validateNodeSelector(node[required_], `${field}.nodeAffinity.${required_}`));
  for (const [index, term] of (node?.[preferred] ?? []).entries()) {
    const at = `${field}.nodeAffinity.${preferred}[${index}]`;
    errors.push(...validateWeight(term.weight, `${at}.weight`), ...validateNodeTerm(term.preference, true, `${at}.preference`));
  }
  for (const name of ["podAffinity", "podAntiAffinity"] as const) {
    const pods = affinity?.[name];
    for (const [index, term] of (pods?.[required_] ?? []).entries())
      errors.push(...validatePodTerm(term, `${field}.${name}.${required_}[${index}]`));
    for (const [index, term] of (pods?.[preferred] ?? []).entries()) {
      const at = `${field}.${name}.${preferred}[${index}]`;
      errors.push(...validateWeight(term.weight, `${at}.weight`), ...validatePodTerm(term.podAffinityTerm, `${at}.podAffinityTerm`));
    }
  }
  return errors;
}

/** The taints that a Pod bears. */
export function validateTolerations(tolerations: readonly Toleration[], field: string): FieldError[] {
  return tolerations.flatMap((toleration, index) => {
    const at = `${field}[${index}]`;
    const { key = "", operator = "", value = "", effect = "", tolerationSeconds } = toleration;
    const errors = key ? validateLabelName(key, `${at}.key`) : [];
    if (!key && operator !== "Exists") {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalidValue(`${at}.operator`, operator, detail));
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      errors.push(invalidValue(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === "" || operator === "Equal") {
      const wrong = checkLabelValue(value);
      if (wrong.length > 0) errors.push(invalidValue(`${at}.operator`, value, wrong.join(";")));
    } else if (operator === "Exists") {
      if (value) errors.push(invalidValue(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else errors.push(notSupported(`${at}.operator`, operator, ["Equal", "Exists"]));
    if (effect) errors.push(...optionalOneOf(`${at}.effect`, effect, EFFECTS));
    return errors;
  });
}

/** The taints of a node. */
export function validateTaints(taints: readonly Taint[], field: string): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, index) => {
    const at = `${field}[${index}]`;
    const errors = validateLabelName(taint.key ?? "", `${at}.key`);
    const wrong = checkLabelValue(taint.value ?? "");
    if (wrong.length > 0) errors.push(invalidValue(`${at}.value`, taint.value, wrong.join(";")));
    errors.push(...oneOf(`${at}.effect`, taint.effect, EFFECTS));
    const pair = `${taint.key}:${taint.effect}`;
    if (seen.has(pair)) {
      const { message, ...error } = duplicate(at, taint);
      errors.push({ ...error, message: `${message}: taints must be unique by key and effect pair` });
    }
    seen.add(pair);
    return errors;
  });
}

function validateSpreadKeys(keys: readonly string[] | undefined, selector: LabelSelector | undefined, field: string): FieldError[] {
  if ((keys ?? []).length === 0) return [];
  if (selector === undefined) return [forbiddenField(field, "must not be specified when labelSelector is not set")];
  return (keys ?? []).flatMap((key, index) => validateLabelName(key, `${field}[${index}]`));
}

/** How evenly Pods are to spread. */
export function validateTopologySpread(constraints: readonly TopologySpreadConstraint[], field: string): FieldError[] {
  const seen = new Set<string>();
  return constraints.flatMap((constraint, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    if (!((maxSkew ?? 0) > 0)) errors.push(invalidValue(`${at}.maxSkew`, maxSkew ?? 0, "must be greater than zero"));
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, "can not be empty"));
    else errors.push(...validateLabelName(topologyKey, `${at}.topologyKey`));
    const policies = ["DoNotSchedule", "ScheduleAnyway"];
    if (!policies.includes(whenUnsatisfiable ?? ""))
      errors.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable ?? "", policies));
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (seen.has(pair)) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    seen.add(pair);
    if (minDomains !== undefined && minDomains <= 0) errors.push(invalidValue(`${at}.minDomains`, minDomains, "must be greater than zero"));
    if (minDomains !== undefined && whenUnsatisfiable !== "DoNotSchedule") {
      const detail = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + whenUnsatisfiable;
      errors.push(invalidValue(`${at}.minDomains`, minDomains, detail));
    }
    errors.push(...optionalOneOf(`${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, ["Honor", "Ignore"]));
    errors.push(...optionalOneOf(`${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, ["Honor", "Ignore"]));
    errors.push(...validateSpreadKeys(constraint.matchLabelKeys, constraint.labelSelector, `${at}.matchLabelKeys`));
    return [...errors, ...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`)];
  });
}
