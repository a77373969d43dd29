/** Where an item of a merged list comes from: a position in the live list, or in the applied one. */
type MergedItem = { readonly from: "live" | "applied"; readonly index: number };

/**
 * The order of a list whose items an apply merges, by the keys of the items. Applied items stand in their order. Items of
 * others stay in front of the applied item that they stood in front of, and those that stood last in front of what is new.
 * (Source: structured-merge-diff v6, merging of associative lists.)
 */
export function mergeOrder(live: readonly string[], applied: readonly string[]): MergedItem[] {
  const isApplied = new Set(applied);
  const isLive = new Set(live);
  const order: MergedItem[] = [];
  const taken = new Set<string>();
  /** Behind the last applied item that was put out, what both lists have: the next of these is waited for. */
  const shared = applied.filter((key) => isLive.has(key));
  let nextShared = 0;
  let at = 0;
  const take = (index: number): void => {
    const key = applied[index] as string;
    order.push({ from: "applied", index });
    taken.add(key);
    if (shared[nextShared] === key) nextShared++;
  };
  for (let index = 0; index < applied.length; index++) {
    for (; at < live.length; at++) {
      const key = live[at] as string;
      if (!isApplied.has(key)) order.push({ from: "live", index: at });
      else if (key === applied[index]) break;
      // A live item that the apply moves is passed over; the one that is waited for holds up those behind it.
      else if (!taken.has(key) && key === shared[nextShared]) break;
    }
    take(index);
    if (live[at] === applied[index]) at++;
  }
  for (; at < live.length; at++) if (!isApplied.has(live[at] as string)) order.push({ from: "live", index: at });
  return order;
}
