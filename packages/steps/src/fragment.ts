/**
 * Whether `part` occurs somewhere in `whole`: the keys of a map with their values, the entries of a list in any places,
 * scalars as they are. This is how a document's fragment is found in the manifest that it belongs to.
 */
export function occursIn(part: unknown, whole: unknown): boolean {
  if (matches(part, whole)) return true;
  if (Array.isArray(whole)) return whole.some((entry) => occursIn(part, entry));
  return isMap(whole) && Object.values(whole).some((value) => occursIn(part, value));
}

function matches(part: unknown, whole: unknown): boolean {
  if (Array.isArray(part)) return Array.isArray(whole) && part.every((entry) => whole.some((candidate) => matches(entry, candidate)));
  if (isMap(part)) return isMap(whole) && Object.entries(part).every(([key, value]) => key in whole && matches(value, whole[key]));
  return part === whole;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
