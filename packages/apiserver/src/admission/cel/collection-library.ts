import type { Environment } from "@marcbachmann/cel-js";

/** The namespace `sets` of functions. */
class Sets {
  readonly name = "sets";
}

type Ordered = bigint | number | string | boolean | Date;

function compare(a: Ordered, b: Ordered): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function extreme(list: readonly Ordered[], sign: 1 | -1, name: string): Ordered {
  const [first, ...rest] = list;
  if (first === undefined) throw new Error(`${name} called on empty list`);
  return rest.reduce((best, next) => (compare(next, best) * sign > 0 ? next : best), first);
}

/** Deep equality of values of expressions. */
function celEquals(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if ((typeof a === "bigint" || typeof a === "number") && (typeof b === "bigint" || typeof b === "number")) return Number(a) === Number(b);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => celEquals(item, b[index]));
  if (a instanceof Map && b instanceof Map)
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && celEquals(value, b.get(key)));
  return false;
}

function indexOf(list: readonly unknown[], item: unknown): bigint {
  return BigInt(list.findIndex((candidate) => celEquals(candidate, item)));
}

function lastIndexOf(list: readonly unknown[], item: unknown): bigint {
  return BigInt(list.findLastIndex((candidate) => celEquals(candidate, item)));
}

const contains = (list: readonly unknown[], part: readonly unknown[]): boolean =>
  part.every((item) => list.some((other) => celEquals(other, item)));

/** Kubernetes' functions on lists (`isSorted`, `sum`, `min`, `max`, `indexOf`, `lastIndexOf`) and CEL's on sets. */
export function addCollectionLibrary(environment: Environment): void {
  environment
    .registerFunction("list<A>.isSorted(): bool", (list: Ordered[]) =>
      list.every((item, index) => index === 0 || compare(list[index - 1] as Ordered, item) <= 0),
    )
    .registerFunction("list<int>.sum(): int", (list: bigint[]) => list.reduce((sum, item) => sum + item, 0n))
    .registerFunction("list<double>.sum(): double", (list: number[]) => list.reduce((sum, item) => sum + item, 0))
    .registerFunction("list<A>.min(): A", (list: Ordered[]) => extreme(list, -1, "min"))
    .registerFunction("list<A>.max(): A", (list: Ordered[]) => extreme(list, 1, "max"))
    .registerFunction("list<A>.indexOf(A): int", indexOf)
    .registerFunction("list<A>.lastIndexOf(A): int", lastIndexOf)
    .registerType("kubernetes.Sets", { ctor: Sets, fields: {} })
    .registerConstant("sets", "kubernetes.Sets", new Sets())
    .registerFunction("kubernetes.Sets.contains(list<A>, list<A>): bool", (_sets: Sets, list: unknown[], part: unknown[]) =>
      contains(list, part),
    )
    .registerFunction(
      "kubernetes.Sets.equivalent(list<A>, list<A>): bool",
      (_sets: Sets, a: unknown[], b: unknown[]) => contains(a, b) && contains(b, a),
    )
    .registerFunction("kubernetes.Sets.intersects(list<A>, list<A>): bool", (_sets: Sets, a: unknown[], b: unknown[]) =>
      a.some((item) => b.some((other) => celEquals(item, other))),
    );
}
