import type { Resource } from "@skiff/api";

/** The plural of a kind as people write it: `NetworkPolicies` out of `NetworkPolicy` and `networkpolicies`. */
export function pluralTitle({ kind, plural }: Pick<Resource, "kind" | "plural">): string {
  const lower = kind.toLowerCase();
  let same = 0;
  while (same < lower.length && lower[same] === plural[same]) same++;
  return same === 0 ? kind : kind.slice(0, same) + plural.slice(same);
}
