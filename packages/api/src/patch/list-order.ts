/**
 * Puts the items of a merged list into order. Items that `wanted` names stand in its order; the others ("server-only") keep
 * the order that they have, each put in before the first wanted item that stood behind it in the live list. (Source:
 * "Preserve order in strategic merge patch", design proposal of Kubernetes.)
 */
export function orderItems<T>(items: readonly T[], wanted: readonly string[], live: readonly string[], keyOf: (item: T) => string): T[] {
  const wantedRank = new Map(wanted.map((key, index) => [key, index]));
  const liveRank = new Map(live.map((key, index) => [key, index]));
  const rank = (ranks: ReadonlyMap<string, number>, item: T): number => ranks.get(keyOf(item)) ?? -1;
  const named = items.filter((item) => wantedRank.has(keyOf(item)));
  named.sort((a, b) => rank(wantedRank, a) - rank(wantedRank, b));
  const serverOnly = items.filter((item) => !wantedRank.has(keyOf(item)));
  serverOnly.sort((a, b) => rank(liveRank, a) - rank(liveRank, b));

  const result: T[] = [];
  let next = 0;
  for (const item of named) {
    const limit = rank(liveRank, item);
    for (; next < serverOnly.length; next++) {
      const candidate = serverOnly[next] as T;
      if (limit < 0 || rank(liveRank, candidate) > limit) break;
      result.push(candidate);
    }
    result.push(item);
  }
  return [...result, ...serverOnly.slice(next)];
}
