import { Optional } from "@marcbachmann/cel-js";

/**
 * A JSON value as expressions see it: objects become Maps, so that nothing of JavaScript's own objects shines through
 * (`object.constructor`), and whole numbers become integers. Frozen inputs are fine; nothing is shared with the input.
 */
export function toCelValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toCelValue);
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== "object" || value === null) return value;
  const map = new Map<string, unknown>();
  for (const [key, child] of Object.entries(value)) if (child !== undefined) map.set(key, toCelValue(child));
  return map;
}

/**
 * The value of an expression as JSON. Values that have no JSON form, such as durations, become text. Entries whose key
 * begins with `?` hold optional values: they are there, without the `?`, only if the value is.
 */
export function fromCelValue(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Map) return fromEntries([...value]);
  if (value instanceof Optional) return value.hasValue() ? fromCelValue(value.value()) : null;
  if (Array.isArray(value)) return value.map(fromCelValue);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
    return String(value as { toString(): string });
  return fromEntries(Object.entries(value));
}

function fromEntries(entries: readonly (readonly [unknown, unknown])[]): Record<string, unknown> {
  const result: [string, unknown][] = [];
  for (const [key, value] of entries) {
    const name = String(key);
    if (!name.startsWith("?")) result.push([name, fromCelValue(value)]);
    else if (!(value instanceof Optional)) result.push([name.slice(1), fromCelValue(value)]);
    else if (value.hasValue()) result.push([name.slice(1), fromCelValue(value.value())]);
  }
  return Object.fromEntries(result);
}

/** The number of entries of the largest list or map inside a value: what loops of expressions can multiply. */
export function largestCollection(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((largest, child) => Math.max(largest, largestCollection(child)), value.length);
  if (!(value instanceof Map)) return 1;
  let largest = value.size;
  for (const child of value.values()) largest = Math.max(largest, largestCollection(child));
  return largest;
}
