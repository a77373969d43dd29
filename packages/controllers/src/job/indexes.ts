/**
 * A set of completion indexes as Jobs write it: sorted numbers and ranges, such as `1,3-5,7`. Numbers at or above `limit` are
 * dropped, for Jobs that were made smaller.
 */
export function parseIndexes(text: string | undefined, limit: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? "").split(",")) {
    const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (from === undefined) continue;
    for (let index = Number(from); index <= Math.min(Number(to ?? from), limit - 1); index++) indexes.add(index);
  }
  return indexes;
}

/** Writes a set of indexes; ranges of two are written as two numbers, as upstream does. */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let start = 0; start < sorted.length;) {
    let end = start;
    while (end + 1 < sorted.length && sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    const [first, last] = [sorted[start], sorted[end]];
    if (end === start) parts.push(`${first}`);
    else parts.push(end === start + 1 ? `${first},${last}` : `${first}-${last}`);
    start = end + 1;
  }
  return parts.join(",");
}
