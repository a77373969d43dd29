import type { JsonValue } from "../json-value.ts";
import { DecodeError } from "./decode-error.ts";
import { MAX_DEPTH, MAX_DOCUMENT_BYTES, type DecodeLimits, type Decoded } from "./decoded.ts";
import { parseJson, type ParsedJson } from "./json-parser.ts";
import { scanJson } from "./json-scan.ts";

const NO_DUPLICATES: readonly string[] = Object.freeze([]);
const NONE_TWICE: ParsedJson["duplicates"] = Object.freeze([]);
const NO_DECIMALS: ReadonlyMap<string, string> = new Map();

/** Refuses bytes that are not UTF-8; keeps a byte order mark, which JSON then refuses. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of a document. Throws `DecodeError` when it is too large or not UTF-8. */
export function documentText(input: Uint8Array | string, limits: DecodeLimits): string {
  const maxBytes = limits.maxBytes ?? MAX_DOCUMENT_BYTES;
  if (input.length > maxBytes) throw new DecodeError(`document is larger than ${maxBytes} bytes`);
  if (typeof input === "string") {
    if (!input.isWellFormed()) throw new DecodeError("invalid surrogate pair");
    return input;
  }
  try {
    return UTF8.decode(input);
  } catch (error) {
    throw new DecodeError("invalid UTF-8", { cause: error });
  }
}

/**
 * Reads one JSON document strictly. Throws `DecodeError` for text that is not JSON, is nested too deeply, is not UTF-8 or
 * holds half surrogate pairs, or holds a number that cannot be kept (integers beyond 64 bits, 1e400): nothing is
 * ever altered silently. Keys such as `__proto__` become ordinary own fields.
 *
 * The usual document goes through `JSON.parse` and one pass over its text; only if that saw anything unusual, our own
 * reader takes over. Duplicate fields show in that the text has more fields than the value.
 */
export function decodeJson(input: Uint8Array | string, limits: DecodeLimits = {}): Decoded {
  const { value, duplicates, decimals } = parseJsonText(documentText(input, limits), limits);
  return { value, duplicates: duplicates.length === 0 ? NO_DUPLICATES : duplicates.map(({ path }) => path), decimals };
}

/** {@link decodeJson} of text that {@link documentText} has checked, with the places of duplicate fields. */
export function parseJsonText(text: string, limits: DecodeLimits): ParsedJson {
  const maxDepth = limits.maxDepth ?? MAX_DEPTH;
  const scan = scanJson(text, maxDepth);
  if (!scan.unusualNumbers && !scan.surrogateEscapes) {
    const value = parsedOrUndefined(text);
    if (value !== undefined && countFields(value) === scan.fields) return { value, duplicates: NONE_TWICE, decimals: NO_DECIMALS };
  }
  return parseJson(text, maxDepth);
}

function parsedOrUndefined(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // Our own reader finds the error again and says it in upstream's words.
    return undefined;
  }
}

function countFields(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object") count += countFields(item);
    return count;
  }
  for (const key in value) {
    count++;
    const field = value[key];
    if (typeof field === "object" && field !== null) count += countFields(field);
  }
  return count;
}
