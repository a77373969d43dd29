import type { Resource } from "@skiff/api";

/** So many letters of a word may change in its plural. */
const LONGEST_ENDING = 2;

/** The plural of a kind as people write it: `NetworkPolicies` out of `NetworkPolicy` and `networkpolicies`. */
export function pluralTitle({ kind, plural }: Pick<Resource, "kind" | "plural">): string {
  const lower = kind.toLowerCase();
  let same = 0;
  while (same < lower.length && lower[same] === plural[same]) same++;
  // Some resources are named after something else than their kind: `pods` of `PodMetrics`.
  return kind.length - same > LONGEST_ENDING ? kind : kind.slice(0, same) + plural.slice(same);
}
