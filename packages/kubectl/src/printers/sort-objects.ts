import { isJsonObject, tryParseQuantity, type JsonValue } from "@skiff/api";
import { KubectlError } from "../kubectl-error.ts";
import { JsonPath, relaxedPath } from "./json-path.ts";

/** Sorts by the value at `path` (`--sort-by`), keeping the order of equals. Objects without the field come first. */
export function sortObjects<T>(items: readonly T[], objectOf: (item: T) => JsonValue | undefined, path: string): T[] {
  const query = new JsonPath(relaxedPath(path), { allowMissing: true });
  const keyed = items.map((item) => ({ item, key: query.find(objectOf(item) ?? null)[0] }));
  if (items.length > 0 && keyed.every(({ key }) => key === undefined)) {
    throw new KubectlError(`couldn't find any field with path "${relaxedPath(path)}" in the list of objects`);
  }
  return keyed.sort((a, b) => compareValues(a.key, b.key)).map(({ item }) => item);
}

function compareValues(a: JsonValue | undefined, b: JsonValue | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (typeof a === "string" && typeof b === "string") {
    const [left, right] = [tryParseQuantity(a), tryParseQuantity(b)];
    if (left !== undefined && right !== undefined) return left.compare(right);
    return naturalOrder(a, b);
  }
  if (isJsonObject(a) || isJsonObject(b)) throw new KubectlError("unsortable type: map[string]interface {}");
  return 0;
}

/** Text order in which runs of digits compare as numbers. */
function naturalOrder(a: string, b: string): number {
  const [left, right] = [a.match(/\d+|\D+/g) ?? [], b.match(/\d+|\D+/g) ?? []];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [one = "", two = ""] = [left[index], right[index]];
    if (one === two) continue;
    if (/^\d/.test(one) && /^\d/.test(two)) {
      const [x, y] = [BigInt(one), BigInt(two)];
      if (x !== y) return x < y ? -1 : 1;
    }
    return one < two ? -1 : 1;
  }
  return left.length - right.length;
}
