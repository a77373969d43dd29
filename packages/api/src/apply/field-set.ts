import { readJson, writeJson } from "../exact-json.ts";
/**
 * A set of fields in the form of `FieldsV1`: a trie whose keys are path elements (`f:spec`, `k:{"name":"a"}`, `v:"x"`, `i:0`). A
 * field is in the set when its node is empty or has the key `.`; a node with other keys only leads to fields below it. The
 * form on the wire is the form in memory, so that the sets of an object need no decoding. Sets are never changed in place
 * and may share parts.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** The set without fields, and at the same time the node of a field without fields below it. */
export const EMPTY_SET: FieldSet = Object.freeze({});

/** How deep a set may be that comes from outside; objects are nested less deeply. */
const MAX_SET_DEPTH = 500;

const SELF = ".";

/**
 * Names come from schemas, a few thousand, but also from users, such as those of labels. Beyond so many, all are forgotten;
 * longer ones are never remembered. That is 1 MB at most.
 */
const MAX_KNOWN_NAMES = 10_000;
const MAX_KNOWN_LENGTH = 64;
const elements = new Map<string, string>();

/**
 * The path element of a field: `f:` and its name. Remembered, since a key that was just put together must be looked up among
 * all of the engine's strings before it can name a property: with ready ones a comparison takes a quarter less time.
 */
export function fieldElement(name: string): string {
  let element = elements.get(name);
  if (element === undefined) {
    element = `f:${name}`;
    if (name.length > MAX_KNOWN_LENGTH) return element;
    if (elements.size >= MAX_KNOWN_NAMES) elements.clear();
    elements.set(name, element);
  }
  return element;
}

/** True when the node stands for a field of the set, not only for the way to one. */
export function isMember(node: FieldSet): boolean {
  return node[SELF] !== undefined || isEmpty(node);
}

/** True when the set has no field (or, for a node, none below it). */
export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** The node as a member of the set, keeping what is below it. */
export function asMember(node: FieldSet | undefined): FieldSet {
  if (node === undefined || isEmpty(node)) return EMPTY_SET;
  return node[SELF] === undefined ? { [SELF]: EMPTY_SET, ...node } : node;
}

/** The fields that are in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  let result: Record<string, FieldSet> | undefined;
  for (const key in b) {
    const right = b[key] as FieldSet;
    const left = a[key];
    const joined = left === undefined ? right : unionNodes(left, right);
    if (joined !== left) {
      result ??= { ...a };
      result[key] = joined;
    }
  }
  return result ?? a;
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return asMember(a);
  if (isEmpty(a)) return asMember(b);
  return union(a, b);
}

/** The fields of `a` without those of `b`. With `recursive`, a field of `b` also takes away everything below it. */
export function difference(a: FieldSet, b: FieldSet, recursive = false): FieldSet {
  let result: Record<string, FieldSet> | undefined;
  for (const key in b) {
    const left = a[key];
    if (left === undefined || key === SELF) continue;
    const rest = nodeDifference(left, b[key] as FieldSet, recursive);
    if (rest === left) continue;
    result ??= { ...a };
    if (rest === undefined) delete result[key];
    else result[key] = rest;
  }
  return result ?? a;
}

/** What remains of a node; undefined when nothing does. */
function nodeDifference(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet | undefined {
  const member = isMember(b);
  if (member && recursive) return undefined;
  if (isEmpty(a)) return member ? undefined : a;
  const rest = difference(a, b, recursive);
  if (member && rest[SELF] !== undefined) {
    const { [SELF]: _self, ...below } = rest;
    return isEmpty(below) ? undefined : below;
  }
  // A node that only led to fields that are gone must go, too: left empty it would become a field itself.
  return isEmpty(rest) ? undefined : rest;
}

/** The fields that are in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const key in a) {
    const right = b[key];
    if (right === undefined || key === SELF) continue;
    const left = a[key] as FieldSet;
    const below = intersection(left, right);
    if (isMember(left) && isMember(right)) result[key] = asMember(below);
    else if (!isEmpty(below)) result[key] = below;
  }
  return result;
}

/** True when both sets have the same fields, however they are spelt (`{}` and `{".":{}}` are the same node). */
export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  return below(a, b) && below(b, a);
}

function below(a: FieldSet, b: FieldSet): boolean {
  for (const key in a) {
    if (key === SELF) continue;
    const left = a[key] as FieldSet;
    const right = b[key];
    if (right === undefined || isMember(left) !== isMember(right) || !below(left, right)) return false;
  }
  return true;
}

/** Every field of the set as the elements of its path. */
export function fieldPaths(set: FieldSet): string[][] {
  const paths: string[][] = [];
  const walk = (node: FieldSet, path: string[]): void => {
    for (const [key, child] of Object.entries(node)) {
      if (key === SELF) continue;
      const here = [...path, key];
      if (isMember(child)) paths.push(here);
      walk(child, here);
    }
  };
  walk(set, []);
  return paths;
}

/** The set for a path of field names: `["status", "phase"]`. */
export function setOfPath(names: readonly string[]): FieldSet {
  return names.reduceRight<FieldSet>((below, name) => ({ [fieldElement(name)]: below }), EMPTY_SET);
}

/** Whether a value from outside is a set in the form of `FieldsV1`. */
export function isFieldSet(value: unknown, depth = 0): value is FieldSet {
  if (typeof value !== "object" || value === null || Array.isArray(value) || depth > MAX_SET_DEPTH) return false;
  return Object.entries(value).every(([key, child]) => (key === SELF || isPathElement(key)) && isFieldSet(child, depth + 1));
}

function isPathElement(key: string): boolean {
  if (key.startsWith("f:")) return true;
  if (key.startsWith("i:")) return /^i:-?\d+$/.test(key);
  if (!key.startsWith("k:") && !key.startsWith("v:")) return false;
  try {
    const value: unknown = readJson(key.slice(2));
    return key.startsWith("v:") || (typeof value === "object" && value !== null && !Array.isArray(value));
  } catch {
    return false;
  }
}

/** A path as messages show it: `.spec.containers[name="a"].image`. */
export function showPath(path: readonly string[]): string {
  return path.map(showElement).join("");
}

function showElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith("f:")) return `.${rest}`;
  if (element.startsWith("v:")) return `[=${rest}]`;
  if (element.startsWith("i:")) return `[${rest}]`;
  const keys = readJson(rest) as Record<string, unknown>;
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${writeJson(value)}`)
    .join(",")}]`;
}
