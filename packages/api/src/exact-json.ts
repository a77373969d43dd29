import { DecodeError } from "./decode/decode-error.ts";
import { parseJson } from "./decode/json-parser.ts";

/**
 * JSON with whole numbers of 64 bits: those that a JavaScript number cannot hold exactly are `bigint`s in memory and plain
 * numbers on the wire. Such numbers are rare, so the usual text and the usual value go the fast way.
 */

/** A number with so many digits may be one. What this finds within text costs time and nothing else. */
const MANY_DIGITS = /(?:^|[\s:,[-])\d{16}/;

/** What is nested more deeply than servers take documents is read without looking at its digits. */
const MAX_DEPTH = 1000;

/**
 * As `JSON.parse`, without losing digits. For text of a store or a server, which is taken as it comes: what is beyond 64
 * bits is a floating-point number, as for upstream's readers. Errors: `SyntaxError`.
 */
export function readJson(text: string): unknown {
  if (!MANY_DIGITS.test(text)) return JSON.parse(text);
  try {
    return parseJson(text, MAX_DEPTH, "round").value;
  } catch (error) {
    if (error instanceof DecodeError) return JSON.parse(text);
    throw error;
  }
}

/** As `JSON.stringify`, for values that may hold `bigint`s; `undefined` is written as `null`. `indent`: spaces for each level, none by default. */
export function writeJson(value: unknown, indent = 0): string {
  try {
    return JSON.stringify(value, undefined, indent) ?? "null";
  } catch (error) {
    if (!(error instanceof TypeError) || !holdsBigint(value)) throw error;
    return written(value, indent, "") ?? "null";
  }
}

function holdsBigint(value: unknown): boolean {
  if (typeof value === "bigint") return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsBigint);
}

/** `undefined` for what JSON leaves out. */
function written(value: unknown, indent: number, margin: string): string | undefined {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = margin + " ".repeat(indent);
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item) => written(item, indent, inner) ?? "null")
    : Object.entries(value).flatMap(([key, field]) => {
        const text = written(field, indent, inner);
        return text === undefined ? [] : [`${JSON.stringify(key)}:${indent > 0 ? " " : ""}${text}`];
      });
  const lines = indent > 0 && parts.length > 0 ? `\n${inner}${parts.join(`,\n${inner}`)}\n${margin}` : parts.join(",");
  return isList ? `[${lines}]` : `{${lines}}`;
}
