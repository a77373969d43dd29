/** Structs that upstream always writes, empty ones included; what our own parts make may lack them. */
const ALWAYS_WRITTEN = new Set(["loadBalancer", "metadata", "resources", "spec", "status", "strategy", "updateStrategy"]);

/**
 * Empty lists, empty texts, zero and false count as absent: for most fields the wire does not tell them apart, and
 * clients that print what they have read may or may not write them. An empty object does not: `podSelector: {}` means
 * something else than no selector.
 */
function isAbsent(value: unknown, key = ""): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return ALWAYS_WRITTEN.has(key) && typeof value === "object" && Object.keys(value).length === 0;
}

function equal(a: unknown, b: unknown, key: string): boolean {
  if (a === b || (isAbsent(a, key) && isAbsent(b, key))) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index], ""));
  }
  const left = new Map(Object.entries(a));
  const right = new Map(Object.entries(b));
  return [...new Set([...left.keys(), ...right.keys()])].every((name) => equal(left.get(name), right.get(name), name));
}

/**
 * Whether two JSON values mean the same: the order of keys does not matter, and an absent field equals an empty one.
 * Amounts are compared as texts, as defaulting has put them into their canonical form.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, "");
}
