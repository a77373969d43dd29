import type { PolicyRule } from "@skiff/api";
import { pathMatches } from "./rule-match.ts";

/**
 * What of `wanted` is not granted by `owned`: rules of one verb and one resource (or path) each, joined again where
 * they differ in the verb only. Empty when everything is covered.
 *
 * A rule is covered as a whole by one of the owned rules per verb, group, resource and name, as upstream counts it.
 */
export function missingRights(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing = wanted.flatMap(breakDown).filter((rule) => !owned.some((owner) => covers(owner, rule)));
  return joinVerbs(missing);
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const rules: PolicyRule[] = [];
  for (const verb of rule.verbs) {
    for (const path of rule.nonResourceURLs ?? []) rules.push({ nonResourceURLs: [path], verbs: [verb] });
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const one: PolicyRule = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (rule.resourceNames?.length) rules.push(...rule.resourceNames.map((name) => ({ ...one, resourceNames: [name] })));
        else rules.push(one);
      }
    }
  }
  return rules;
}

function covers(owner: PolicyRule, rule: PolicyRule): boolean {
  const has = (list: readonly string[] | undefined, value: string | undefined): boolean =>
    list !== undefined && value !== undefined && (list.includes("*") || list.includes(value));
  if (!has(owner.verbs, rule.verbs[0])) return false;
  const [path] = rule.nonResourceURLs ?? [];
  if (path !== undefined) return (owner.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, path));
  if (!has(owner.apiGroups, rule.apiGroups?.[0]) || !resourceCovered(owner.resources ?? [], rule.resources?.[0] ?? "")) return false;
  if (!owner.resourceNames?.length) return true;
  return (rule.resourceNames ?? []).length > 0 && (rule.resourceNames ?? []).every((name) => owner.resourceNames?.includes(name));
}

function resourceCovered(owned: readonly string[], resource: string): boolean {
  if (owned.includes("*") || owned.includes(resource)) return true;
  const slash = resource.indexOf("/");
  return slash >= 0 && owned.includes(`*${resource.slice(slash)}`);
}

function joinVerbs(rules: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, PolicyRule>();
  for (const { verbs, ...rest } of rules) {
    const key = JSON.stringify(rest);
    const known = joined.get(key);
    if (known === undefined) joined.set(key, { ...rest, verbs: [...verbs] });
    else known.verbs.push(...verbs);
  }
  return [...joined.values()];
}

/** A rule on one line, as upstream's messages show it: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`. */
export function compactRule(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ["APIGroups", rule.apiGroups],
    ["Resources", rule.resources],
    ["NonResourceURLs", rule.nonResourceURLs],
    ["ResourceNames", rule.resourceNames],
    ["Verbs", rule.verbs],
  ];
  const shown = parts.filter(([, values]) => values?.length).map(([name, values = []]) => `${name}:${quotedList(values)}`);
  return `{${shown.join(", ")}}`;
}

/** A list of texts as upstream's messages show it: `["a" "b"]`. */
export function quotedList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;
}
