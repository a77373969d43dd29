import type { ClusterRole, PolicyRule } from "@skiff/api";
import { labelMatcher } from "@skiff/controller-kit";
import { sameJson } from "../same-json.ts";

/** What there is to know about one aggregated ClusterRole. */
export interface ObservedAggregation {
  readonly role: ClusterRole;
  readonly allRoles: readonly ClusterRole[];
}

/**
 * The rules that an aggregated ClusterRole must have: those of all roles that one of its selectors picks, without repetitions.
 * Selector by selector, and by name within one, so that the order does not change from sync to sync. `undefined` when the role
 * is not aggregated or has just these rules.
 */
export function planAggregatedRules({ role, allRoles }: ObservedAggregation): readonly PolicyRule[] | undefined {
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (selectors === undefined) return undefined;
  const others = allRoles.filter(({ metadata }) => metadata?.name !== role.metadata?.name);
  const byName = others.sort((a, b) => ((a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const selector of selectors) {
    const selected = labelMatcher(selector);
    for (const { metadata, rules: own } of byName) {
      if (!selected(metadata?.labels ?? {})) continue;
      for (const rule of own ?? []) if (!rules.some((known) => sameJson(known, rule))) rules.push(rule);
    }
  }
  return sameJson(rules, role.rules ?? []) ? undefined : rules;
}
