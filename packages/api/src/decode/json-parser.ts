import { setKey, type JsonObject, type JsonValue } from "../json-value.ts";
import { DecodeError } from "./decode-error.ts";

/** What {@link parseJson} finds beside the value. */
export interface ParsedJson {
  readonly value: JsonValue;
  /** The fields that stand more than once, each once. */
  readonly duplicates: readonly DuplicateField[];
  /** Numbers with a fraction or an exponent by their paths, as written: an integer field refuses `3.0`. */
  readonly decimals: ReadonlyMap<string, string>;
}

/** A field that stands more than once. */
interface DuplicateField {
  readonly path: string;
  readonly key: string;
  /** Where in the text its second value begins. */
  readonly offset: number;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// oxlint-disable-next-line no-control-regex -- JSON forbids exactly these in strings.
const PLAIN_TEXT = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/**
 * A strict JSON reader that sees what `JSON.parse` hides: fields that stand twice, numbers that a double cannot hold, and
 * half surrogate pairs, which it refuses. Several times slower; for documents in which a scan saw something unusual, and
 * for the messages of broken ones. `maxDepth` bounds its recursion. Whole numbers of 64 bits are read exactly; `beyond`
 * says what becomes of larger ones.
 */
export function parseJson(text: string, maxDepth: number, beyond: "refuse" | "round" = "refuse"): ParsedJson {
  return new JsonParser(text, maxDepth, beyond).parse();
}

class JsonParser {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #beyond: "refuse" | "round";
  readonly #path: (string | number)[] = [];
  readonly #duplicates = new Map<string, DuplicateField>();
  readonly #decimals = new Map<string, string>();
  #at = 0;

  constructor(text: string, maxDepth: number, beyond: "refuse" | "round") {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#beyond = beyond;
  }

  parse(): ParsedJson {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected("after top-level value");
    return { value, duplicates: [...this.#duplicates.values()], decimals: this.#decimals };
  }

  #space(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  #value(): JsonValue {
    this.#space();
    const char = this.#text[this.#at];
    if (char === "{") return this.#object();
    if (char === "[") return this.#array();
    if (char === '"') return this.#string();
    if (char === "-" || (char !== undefined && char >= "0" && char <= "9")) return this.#number();
    if (char === "t") return this.#literal("true", true);
    if (char === "f") return this.#literal("false", false);
    if (char === "n") return this.#literal("null", null);
    throw this.#unexpected("looking for beginning of value");
  }

  #literal<T>(word: string, value: T): T {
    for (let index = 0; index < word.length; index++, this.#at++) {
      if (this.#text[this.#at] !== word[index]) throw this.#unexpected(`in literal ${word} (expecting ${quoted(word[index] ?? "")})`);
    }
    return value;
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const literal = NUMBER.exec(this.#text)?.[0];
    if (literal === undefined) {
      this.#at++;
      throw this.#unexpected("in numeric literal");
    }
    this.#at += literal.length;
    const value = Number(literal);
    if (!Number.isFinite(value)) throw new DecodeError(`json: cannot unmarshal number ${literal} into Go value of type float64`);
    if (/^-?\d+$/.test(literal)) {
      if (!Number.isSafeInteger(value)) {
        const exact = exactInteger(literal);
        if (exact !== undefined) return exact;
        if (this.#beyond === "refuse") throw new DecodeError(`number ${literal} cannot be kept exactly`);
      }
    } else this.#decimals.set(formatPath(this.#path), literal);
    return value === 0 ? 0 : value;
  }

  #string(): string {
    let result = "";
    for (this.#at++; ;) {
      PLAIN_TEXT.lastIndex = this.#at;
      const plain = PLAIN_TEXT.exec(this.#text)?.[0] ?? "";
      result += plain;
      this.#at += plain.length;
      const char = this.#text[this.#at];
      if (char === '"') break;
      if (char !== "\\") throw this.#unexpected("in string literal");
      result += this.#escape();
    }
    this.#at++;
    if (!result.isWellFormed()) throw new DecodeError("invalid surrogate pair in string literal");
    return result;
  }

  #escape(): string {
    const letter = this.#text[++this.#at] ?? "";
    if (letter === "u") {
      const digits = /^[0-9a-fA-F]{4}/.exec(this.#text.slice(this.#at + 1, this.#at + 5))?.[0];
      if (digits === undefined) {
        this.#at++;
        while (/^[0-9a-fA-F]$/.test(this.#text[this.#at] ?? "")) this.#at++;
        throw this.#unexpected("in \\u hexadecimal character escape");
      }
      this.#at += 5;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const known = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (known === undefined) throw this.#unexpected("in string escape code");
    this.#at++;
    return known;
  }

  #enter(): void {
    if (this.#path.length >= this.#maxDepth) throw new DecodeError("exceeded max depth");
    this.#at++;
    this.#space();
  }

  #array(): JsonValue[] {
    this.#enter();
    const items: JsonValue[] = [];
    if (this.#text[this.#at] === "]") {
      this.#at++;
      return items;
    }
    for (;;) {
      this.#path.push(items.length);
      items.push(this.#value());
      this.#path.pop();
      this.#space();
      const char = this.#text[this.#at];
      if (char !== "," && char !== "]") throw this.#unexpected("after array element");
      this.#at++;
      if (char === "]") return items;
    }
  }

  #object(): JsonObject {
    this.#enter();
    const object: JsonObject = {};
    if (this.#text[this.#at] === "}") {
      this.#at++;
      return object;
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#unexpected("looking for beginning of object key string");
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ":") throw this.#unexpected("after object key");
      this.#at++;
      this.#path.push(key);
      this.#space();
      if (Object.hasOwn(object, key)) this.#repeated(key);
      setKey(object, key, this.#value());
      this.#path.pop();
      this.#space();
      const char = this.#text[this.#at];
      if (char !== "," && char !== "}") throw this.#unexpected("after object key:value pair");
      this.#at++;
      if (char === "}") return object;
    }
  }

  #repeated(key: string): void {
    const path = formatPath(this.#path);
    if (!this.#duplicates.has(path)) this.#duplicates.set(path, { path, key, offset: this.#at });
  }

  #unexpected(where: string): DecodeError {
    const point = this.#text.codePointAt(this.#at);
    if (point === undefined) return new DecodeError("unexpected end of JSON input");
    return new DecodeError(`invalid character ${quoted(String.fromCodePoint(point))} ${where}`);
  }
}

/** The longest whole numbers of 64 bits: nineteen digits and a sign. */
const MAX_INT64_LETTERS = 20;

/** A whole number of 64 bits; `undefined` for larger ones. */
function exactInteger(literal: string): bigint | undefined {
  if (literal.length > MAX_INT64_LETTERS) return undefined;
  const value = BigInt(literal);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

const NAMED_CONTROLS: ReadonlyMap<string, string> = new Map([
  ["'", "\\'"],
  ["\\", "\\\\"],
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
]);

/** A character as upstream's messages show it: upstream reads bytes, so of a longer character they show the first byte. */
function quoted(char: string): string {
  const byte = new TextEncoder().encode(char)[0] ?? 0;
  const known = NAMED_CONTROLS.get(char);
  if (known !== undefined) return `'${known}'`;
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, "0")}'`;
  return `'${String.fromCharCode(byte)}'`;
}

/** `spec.containers[0].name`. */
export function formatPath(path: readonly (string | number)[]): string {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`;
    else text += text === "" ? segment : `.${segment}`;
  }
  return text;
}
