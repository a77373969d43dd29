import { messageOf } from "@skiff/base";
import { isMap, isScalar, isSeq, Lexer, parseDocument, type CollectionTag, type Node, type ScalarTag, type Tags } from "yaml";
import { setKey, type JsonObject, type JsonValue } from "../json-value.ts";
import { DecodeError } from "./decode-error.ts";
import { MAX_DEPTH, type DecodeLimits, type Decoded } from "./decoded.ts";
import { documentText, parseJsonText } from "./decode-json.ts";
import { MAX_FIELD_PROBLEMS } from "./typed-decoder.ts";

/** How many nodes all aliases together may stand for: refuses "billion laughs" (CVE-2019-11253) and leaves room for honest anchors. */
const MAX_ALIASED_NODES = 10_000;

/**
 * Reads one YAML document as upstream's API server and kubectl do: YAML 1.1 words (`yes`, `on`, octal `0644`, merge keys),
 * without its base-60 numbers and dates, which are text. Throws `DecodeError` for text that is not YAML, holds several
 * documents, is nested too deeply, or holds what JSON cannot.
 */
export function decodeYaml(input: Uint8Array | string, limits: DecodeLimits = {}): Decoded {
  const text = documentText(input, limits);
  const maxDepth = limits.maxDepth ?? MAX_DEPTH;
  // Most clients that say YAML send JSON, which is read far faster.
  if (text.startsWith("{")) {
    try {
      return decodeJsonAsYaml(text, limits);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
  try {
    refuseDeepNesting(text, maxDepth);
    const document = parseDocument(text, {
      version: "1.1",
      schema: "yaml-1.1",
      merge: true,
      uniqueKeys: false,
      intAsBigInt: true,
      prettyErrors: true,
      // At "silent" the library would not even say that there are several documents.
      logLevel: "error",
      customTags: kubernetesTags,
    });
    const [error] = document.errors;
    if (error !== undefined) throw new DecodeError(`error converting YAML to JSON: yaml: ${error.message.split("\n", 1)[0]}`);
    const repeated: RepeatedKey[] = [];
    if (document.contents !== null) findRepeatedKeys(document.contents as Node, 0, repeated, maxDepth);
    // Every node that is written out takes a character at least; what goes beyond that comes from aliases.
    const budget = { nodes: text.length + MAX_ALIASED_NODES };
    const value = asJson(document.toJS({ maxAliasCount: MAX_ALIASED_NODES }), { depth: 0, maxDepth, budget });
    return { value, duplicates: [], decimals: new Map(), ...repeatedKeys(text, repeated) };
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    // The library recurses (RangeError on deep nesting) and refuses alias bombs (ReferenceError).
    throw new DecodeError(`error converting YAML to JSON: yaml: ${messageOf(error)}`, { cause: error });
  }
}

/** Reads a YAML document that is JSON, quickly. Throws `DecodeError` when it is not: it may still be YAML. */
export function decodeJsonAsYaml(input: Uint8Array | string, limits: DecodeLimits = {}): Decoded {
  const text = documentText(input, limits);
  const { value, duplicates, decimals } = parseJsonText(text, limits);
  return { value, duplicates: [], decimals, ...repeatedKeys(text, duplicates) };
}

/**
 * Refuses deep nesting on the tokens, in linear time: the library's parser takes many seconds for a few megabytes of `[`
 * before its stack overflows. Block indicators count where they stand in a row on one line; nesting by indentation costs
 * the square of its depth in spaces, so the size of the document bounds it.
 */
function refuseDeepNesting(text: string, maxDepth: number): void {
  let flowDepth = 0;
  let indicators = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") flowDepth++;
    else if (token === "]" || token === "}") flowDepth--;
    if (token === "-" || token === "?" || token === ":") indicators++;
    else if (token === "\n") indicators = 0;
    if (flowDepth > maxDepth || (flowDepth === 0 && indicators > maxDepth)) throw new DecodeError("exceeded max depth");
  }
}

/** Upstream's YAML library reads neither base-60 numbers (`22:22`) nor dates; both are text. */
function kubernetesTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === "string") return tag !== "timestamp" && tag !== "intTime" && tag !== "floatTime";
    const { tag: name, format } = tag as (ScalarTag | CollectionTag) & { format?: string };
    return name !== "tag:yaml.org,2002:timestamp" && format !== "TIME";
  });
}

/** A key that stands more than once in its map, and where in the text its later value begins. */
interface RepeatedKey {
  readonly key: string;
  readonly offset: number;
}

/** What upstream's strict YAML reader says, of as many keys as the other readers report. */
function repeatedKeys(text: string, repeated: readonly RepeatedKey[]): { readonly repeatedKeys?: string } {
  if (repeated.length === 0) return {};
  const lines: string[] = [];
  let line = 1;
  let at = 0;
  for (const { key, offset } of [...repeated].sort((a, b) => a.offset - b.offset).slice(0, MAX_FIELD_PROBLEMS)) {
    for (; at < offset; at++) if (text[at] === "\n") line++;
    lines.push(`  line ${line}: key ${JSON.stringify(key)} already set in map`);
  }
  return { repeatedKeys: `yaml: unmarshal errors:\n${lines.join("\n")}` };
}

function findRepeatedKeys(node: Node, depth: number, repeated: RepeatedKey[], maxDepth: number): void {
  if (depth > maxDepth) throw new DecodeError("exceeded max depth");
  if (isSeq(node)) for (const item of node.items) findRepeatedKeys(item as Node, depth + 1, repeated, maxDepth);
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : String(key);
    const place = (value ?? key) as Node;
    if (seen.has(name) && name !== "<<") repeated.push({ key: name, offset: place.range?.[0] ?? 0 });
    seen.add(name);
    if (value !== null) findRepeatedKeys(value as Node, depth + 1, repeated, maxDepth);
  }
}

/** Where {@link asJson} is, and how many more values it may make. */
interface Place {
  readonly depth: number;
  readonly maxDepth: number;
  readonly budget: { nodes: number };
}

/** Checks and copies what the library made: aliased parts come out as separate copies, as if they had been written out. */
function asJson(value: unknown, place: Place): JsonValue {
  const { depth, maxDepth, budget } = place;
  if (depth > maxDepth) throw new DecodeError("exceeded max depth");
  if (--budget.nodes < 0) throw new DecodeError("error converting YAML to JSON: yaml: document contains excessive aliasing");
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw new DecodeError("invalid surrogate pair in text");
      return value;
    case "boolean":
      return value;
    case "bigint":
      if (Number.isSafeInteger(Number(value))) return Number(value);
      if (BigInt.asIntN(64, value) !== value) throw new DecodeError(`number ${value} cannot be kept exactly`);
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new DecodeError(`json: unsupported value: ${value}`);
      return value;
    case "object":
      break;
    default:
      return null;
  }
  if (value === null) return null;
  const inside = { ...place, depth: depth + 1 };
  if (Array.isArray(value)) return value.map((item) => asJson(item, inside));
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  const object: JsonObject = {};
  for (const [key, field] of Object.entries(value)) setKey(object, key, asJson(field, inside));
  return object;
}
