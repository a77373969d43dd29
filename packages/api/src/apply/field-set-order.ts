import { readJson, writeJson } from "../exact-json.ts";
import { isJsonObject, type JsonValue } from "../json-value.ts";
import type { FieldSet } from "./field-set.ts";

/** Sets that are known to be in order: most managers' sets stay as they are while others change. */
const ordered = new WeakSet<FieldSet>();

/**
 * The same set with its elements in upstream's order, so that equal sets are equal bytes, too: first the field itself, then
 * names, items by their keys, values and positions. The same object when it is in order already.
 */
export function inFieldOrder(set: FieldSet): FieldSet {
  if (ordered.has(set)) return set;
  const sorted = sortedNode(set);
  ordered.add(sorted);
  return sorted;
}

function sortedNode(node: FieldSet): FieldSet {
  // Most sets are in order: nothing is made for those.
  let changed: Record<string, FieldSet> | undefined;
  let inOrder = true;
  let last: string | undefined;
  for (const element in node) {
    const child = node[element] as FieldSet;
    const sorted = sortedNode(child);
    if (sorted !== child) (changed ??= { ...node })[element] = sorted;
    inOrder &&= last === undefined || compareElements(last, element) < 0;
    last = element;
  }
  const result = changed ?? node;
  return inOrder ? result : Object.fromEntries(Object.entries(result).sort(([a], [b]) => compareElements(a, b)));
}

/** What elements start with, in their order: the field itself, names, keys, values, positions. */
const TYPES = ".fkvi";

/** Numbers, and texts with what comes before a closing quote: as JSON they are not in the order of their values. */
const NOT_AS_TEXT = /:[-\d]|[ !\\]/;

function compareElements(a: string, b: string): number {
  const type = a.charAt(0);
  if (type !== b.charAt(0)) return TYPES.indexOf(type) - TYPES.indexOf(b.charAt(0));
  if (type === "f" || a === b) return compareText(a, b);
  if (type === "i") return Number(a.slice(2)) - Number(b.slice(2));
  if (!NOT_AS_TEXT.test(a) && !NOT_AS_TEXT.test(b)) return compareText(a, b);
  return compareValues(readJson(a.slice(2)) as JsonValue, readJson(b.slice(2)) as JsonValue);
}

/** Keys of items are objects of scalars: by the first name or value in which they differ. */
function compareValues(a: JsonValue | undefined, b: JsonValue | undefined): number {
  if (isNumber(a) && isNumber(b)) return a === b ? 0 : a < b ? -1 : 1;
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (!isJsonObject(a) || !isJsonObject(b)) return compareText(writeJson(a), writeJson(b));
  const [left, right] = [Object.keys(a).sort(), Object.keys(b).sort()];
  for (const [index, name] of left.entries()) {
    const order = compareText(name, right[index] ?? "") || compareValues(a[name], b[name]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function isNumber(value: JsonValue | undefined): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** As `Array.sort` wants it; by code units. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
