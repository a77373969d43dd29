import type { PolicyRule } from "@skiff/api";
import type { RequestAttributes } from "../../attributes.ts";

/** A rule made ready for many questions: sets instead of lists, wildcards looked for once. */
export interface CompiledRule {
  readonly rule: PolicyRule;
  matches(attributes: RequestAttributes): boolean;
}

/** Prepares a rule. */
export function compileRule(rule: PolicyRule): CompiledRule {
  const verbs = matcher(rule.verbs);
  const groups = matcher(rule.apiGroups);
  const resources = new Set(rule.resources);
  const names = new Set(rule.resourceNames);
  const paths = rule.nonResourceURLs ?? [];
  const matches = (attributes: RequestAttributes): boolean => {
    if (!verbs(attributes.verb)) return false;
    if (!attributes.isResourceRequest) return paths.some((pattern) => pathMatches(pattern, attributes.path));
    return groups(attributes.group) && resourceMatches(resources, attributes) && (names.size === 0 || names.has(attributes.name));
  };
  return { rule, matches };
}

function matcher(values: readonly string[] = []): (value: string) => boolean {
  if (values.includes("*")) return () => true;
  const [only] = values;
  if (values.length === 1) return (value) => value === only;
  const set = new Set(values);
  return (value) => set.has(value);
}

function resourceMatches(resources: ReadonlySet<string>, { resource, subresource }: RequestAttributes): boolean {
  if (resources.has("*")) return true;
  if (subresource === "") return resources.has(resource);
  return resources.has(`${resource}/${subresource}`) || resources.has(`*/${subresource}`);
}

/** Whether a path fits a `nonResourceURLs` entry: equal, or beginning with what stands before a final `*`. */
export function pathMatches(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1).replace(/\*+$/, ""));
}
