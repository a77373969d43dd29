import type { Environment } from "@marcbachmann/cel-js";
import { findAll, linearPattern } from "./linear-pattern.ts";

/** Results longer than this are refused: `replace` and `format` in loops could double a text again and again. */
const MAX_TEXT = 1024 * 1024;

function bounded(text: string): string {
  if (text.length > MAX_TEXT) throw new Error(`the text is longer than ${MAX_TEXT} characters`);
  return text;
}

function charAt(text: string, index: bigint): string {
  const letters = Array.from(text);
  if (index < 0n || index > BigInt(letters.length)) throw new Error(`index out of range: ${index}`);
  return letters[Number(index)] ?? "";
}

function replace(text: string, from: string, to: string, limit: bigint = -1n): string {
  if (limit < 0n) return bounded(text.replaceAll(from, () => to));
  let result = text;
  let at = 0;
  for (let count = 0n; count < limit; count++) {
    const found = result.indexOf(from, at);
    if (found < 0) break;
    result = bounded(result.slice(0, found) + to + result.slice(found + from.length));
    at = found + to.length + (from === "" ? 1 : 0);
  }
  return result;
}

/** CEL's own notation of a value, as `%s` shows it. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (value instanceof Map)
    return `{${Array.from(value, ([key, item]) => `${shown(key)}: ${shown(item)}`)
      .sort()
      .join(", ")}}`;
  if (value instanceof Date) return value.toISOString().replace(".000Z", "Z");
  return String(value);
}

function format(template: string, values: readonly unknown[]): string {
  let index = 0;
  const text = template.replaceAll(/%(?:\.(\d+))?([%sdfexXbo])/g, (whole, precision: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    if (index >= values.length) throw new Error(`index ${index} out of range`);
    const value = values[index++];
    switch (verb) {
      case "s":
        return shown(value);
      case "d":
        return String(value);
      case "f":
        return Number(value).toFixed(precision === undefined ? 6 : Number(precision));
      case "e":
        return Number(value).toExponential(precision === undefined ? 6 : Number(precision));
      case "b":
        return typeof value === "boolean" ? (value ? "1" : "0") : (value as bigint).toString(2);
      case "o":
        return (value as bigint).toString(8);
      case "x":
      case "X": {
        const hex = typeof value === "string" ? Buffer.from(value).toString("hex") : (value as bigint).toString(16);
        return verb === "X" ? hex.toUpperCase() : hex;
      }
      default:
        return whole;
    }
  });
  return bounded(text);
}

function find(text: string, pattern: string): string {
  return findAll(text, pattern, 1)[0] ?? "";
}

/** The namespace `jsonpatch` of functions. */
class JsonPatchNamespace {
  readonly name = "jsonpatch";
}

/** Escapes a key for use in a JSON pointer (RFC 6901). */
function escapeKey(_namespace: JsonPatchNamespace, key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** CEL's extended functions on strings, and Kubernetes' on patterns. `matchesLinear` stands in for `matches`. */
export function addTextLibrary(environment: Environment): void {
  environment
    .registerFunction("string.matchesLinear(string): bool", (text: string, pattern: string) => linearPattern(pattern).matcher(text).find())
    .registerFunction("string.find(string): string", find)
    .registerFunction("string.findAll(string): list<string>", (text: string, pattern: string) => findAll(text, pattern, -1))
    .registerFunction("string.findAll(string, int): list<string>", (text: string, pattern: string, limit: bigint) =>
      findAll(text, pattern, Number(limit)),
    )
    .registerFunction("string.charAt(int): string", charAt)
    .registerFunction("string.replace(string, string): string", (text: string, from: string, to: string) => replace(text, from, to))
    .registerFunction("string.replace(string, string, int): string", replace)
    .registerFunction("string.reverse(): string", (text: string) => Array.from(text).reverse().join(""))
    .registerFunction("string.format(list): string", format)
    .registerType("kubernetes.JSONPatch", { ctor: JsonPatchNamespace, fields: {} })
    .registerConstant("jsonpatch", "kubernetes.JSONPatch", new JsonPatchNamespace())
    .registerFunction("kubernetes.JSONPatch.escapeKey(string): string", escapeKey);
}
