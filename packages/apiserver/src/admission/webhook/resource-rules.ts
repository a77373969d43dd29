import type { LabelSelector, NamedRuleWithOperations } from "@skiff/api";
import { selectorFromLabelSelector, type KubeObject, type Namespace, type Selector } from "@skiff/api";
import type { AdmissionRequest } from "../../admission.ts";
import type { ObjectReader } from "../../object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";

/** Which version of the kind a matching rule asked for. */
export interface RuleMatch {
  /** The version in which the object is to be shown; the stored one whenever the rules allow it. */
  readonly version: string;
  readonly group: string;
}

/**
 * The first rule that fits the request. With `Equivalent`, a rule for any served version of the kind fits, and the object
 * is converted for it; with `Exact` only the version counts that the pipeline works on.
 */
export function matchRules(
  rules: readonly NamedRuleWithOperations[],
  request: AdmissionRequest,
  matchPolicy: string = "Equivalent",
): RuleMatch | undefined {
  const { kind } = request;
  const versions = [{ group: kind.group, version: kind.version }, ...(matchPolicy === "Exact" ? [] : (kind.otherVersions ?? []))];
  for (const { group = kind.group, version } of versions) {
    if (rules.some((rule) => ruleFits(rule, request, group, version))) return { group, version };
  }
  return undefined;
}

function ruleFits(rule: NamedRuleWithOperations, request: AdmissionRequest, group: string, version: string): boolean {
  const has = (list: readonly string[] | undefined, value: string): boolean =>
    list !== undefined && (list.includes("*") || list.includes(value));
  return (
    has(rule.operations, request.operation) &&
    has(rule.apiGroups, group) &&
    has(rule.apiVersions, version) &&
    scopeFits(rule.scope, request) &&
    (rule.resources ?? []).some((pattern) => resourceFits(pattern, request)) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(request.name))
  );
}

function scopeFits(scope: string | undefined, { kind, namespace }: AdmissionRequest): boolean {
  if (scope === undefined || scope === "" || scope === "*") return true;
  // A namespace lives in no namespace, although its requests name one.
  const isNamespaced = kind.namespaced && namespace !== "";
  return scope === "Namespaced" ? isNamespaced : scope === "Cluster" && !isNamespaced;
}

function resourceFits(pattern: string, { kind, subresource }: AdmissionRequest): boolean {
  const [resource = "", sub = ""] = pattern.split("/");
  if (resource !== "*" && resource !== kind.plural) return false;
  if (pattern === "*") return subresource === "";
  return sub === "*" || sub === subresource;
}

const compiled = new WeakMap<LabelSelector, Selector>();

/** The selector, compiled once per (frozen) configuration; an absent one selects everything. */
function selects(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>> | undefined): boolean {
  if (selector === undefined) return true;
  let known = compiled.get(selector);
  if (known === undefined) compiled.set(selector, (known = selectorFromLabelSelector(selector)));
  return known.matches(labels);
}

/** The namespace that the request is about, for selectors and expressions; a Namespace is its own. */
export function namespaceOf(request: AdmissionRequest, reader: ObjectReader): Namespace | undefined {
  const isNamespace = request.kind.group === "" && request.kind.plural === "namespaces";
  if (isNamespace) return (request.object ?? request.oldObject) as Namespace | undefined;
  return request.namespace === "" ? undefined : reader.get(RESOURCES.namespaces, undefined, request.namespace);
}

/** Whether the labels of the request's namespace fit. Cluster-wide objects other than namespaces always do. */
export function namespaceSelected(selector: LabelSelector | undefined, request: AdmissionRequest, reader: ObjectReader): boolean {
  if (selector === undefined) return true;
  const namespace = namespaceOf(request, reader);
  if (namespace === undefined && request.namespace === "") return true;
  return selects(selector, namespace?.metadata?.labels);
}

/** Whether the labels of the new or of the old object fit. */
export function objectSelected(selector: LabelSelector | undefined, { object, oldObject }: AdmissionRequest): boolean {
  const labelsOf = (candidate: KubeObject | undefined): boolean =>
    candidate !== undefined && selects(selector, candidate.metadata?.labels ?? {});
  return selector === undefined || labelsOf(object) || labelsOf(oldObject);
}

const POLICY_PLURALS = new Set([
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
]);

/** The configuration of admission itself is exempt, so that a broken one can always be put right. */
export function isAdmissionConfiguration({ kind }: AdmissionRequest): boolean {
  return kind.group === "admissionregistration.k8s.io" && POLICY_PLURALS.has(kind.plural);
}
