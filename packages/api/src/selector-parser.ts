import { checkLabelValue, checkQualifiedName } from "./validation/names.ts";
import { everything, type Selector, type SelectorOperator, type SelectorRequirement, selectorOf } from "./selector.ts";
import { badRequest } from "./status.ts";

/** The longest text of a selector; longer ones are refused before they are read. */
export const MAX_SELECTOR_LENGTH = 1_048_576;

type TokenType = "end" | "identifier" | "in" | "notin" | "=" | "==" | "!=" | "!" | "gt" | "lt" | "(" | ")" | ",";

interface Token {
  readonly type: TokenType;
  readonly text: string;
}

const WORDS: ReadonlyMap<string, TokenType> = new Map([
  ["in", "in"],
  ["notin", "notin"],
]);
const SYMBOLS: ReadonlyMap<string, TokenType> = new Map([
  [")", ")"],
  [",", ","],
  ["!", "!"],
  ["==", "=="],
  ["=", "="],
  [">", "gt"],
  ["<", "lt"],
  ["!=", "!="],
  ["(", "("],
]);
const BINARY_OPERATORS = "in, notin, =, ==, !=, gt, lt";

/** Takes a selector apart in one pass. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /[ \t\r\n]+|([=!(),><]+)|([^=!(),>< \t\r\n]+)/g;
  for (const [, symbols, word] of text.matchAll(pattern)) {
    if (word !== undefined) tokens.push({ type: WORDS.get(word) ?? "identifier", text: word });
    else if (symbols !== undefined) tokens.push(...splitSymbols(symbols));
  }
  tokens.push({ type: "end", text: "" });
  return tokens;
}

/** A run of symbols is read greedily: `!=` is one symbol, `)(` two. */
function splitSymbols(run: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < run.length;) {
    const two = run.slice(at, at + 2);
    const text = two.length === 2 && SYMBOLS.has(two) ? two : run.slice(at, at + 1);
    tokens.push({ type: SYMBOLS.get(text) ?? "identifier", text });
    at += text.length;
  }
  return tokens;
}

/** Words in value position are values, whatever they mean elsewhere: `x in (in,notin)`. */
function asValue(token: Token): Token {
  return token.type === "in" || token.type === "notin" ? { type: "identifier", text: token.text } : token;
}

class SelectorParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): SelectorRequirement[] {
    const requirements: SelectorRequirement[] = [];
    for (;;) {
      const { type, text } = this.#peekValue();
      if (type === "end") return requirements;
      if (type !== "identifier" && type !== "!") throw badRequest(`found '${text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.#requirement());
      const next = this.#nextValue();
      if (next.type === "end") return requirements;
      if (next.type !== ",") throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peekValue();
      if (after.type !== "identifier" && after.type !== "!") throw badRequest(`found '${after.text}', expected: identifier after ','`);
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { type: "end", text: "" };
  }

  #peekValue(): Token {
    return asValue(this.#peek());
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #nextValue(): Token {
    return asValue(this.#next());
  }

  #requirement(): SelectorRequirement {
    let token = this.#nextValue();
    const absent = token.type === "!";
    if (absent) token = this.#nextValue();
    if (token.type !== "identifier") throw this.#wrong(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const problems = checkQualifiedName(key);
    if (problems.length > 0) throw this.#wrong(`key: Invalid value: ${JSON.stringify(key)}: ${problems.join("; ")}`);
    if (absent) return { key, operator: "!", values: [] };
    const following = this.#peekValue().type;
    if (following === "end" || following === ",") return { key, operator: "exists", values: [] };
    const operator = this.#operator();
    const values = operator === "in" || operator === "notin" ? this.#valueList() : this.#value();
    for (const [index, value] of values.entries()) {
      const wrong = checkLabelValue(value);
      if (wrong.length > 0) throw this.#wrong(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${wrong.join("; ")}`);
    }
    return { key, operator, values };
  }

  #wrong(message: string): Error {
    return badRequest(`unable to parse requirement: ${message}`);
  }

  #operator(): SelectorOperator {
    const { type, text } = this.#next();
    switch (type) {
      case "in":
      case "notin":
      case "=":
      case "==":
      case "!=":
      case "gt":
      case "lt":
        return type;
      default:
        throw this.#wrong(`found '${text}', expected: ${BINARY_OPERATORS}`);
    }
  }

  #value(): string[] {
    const { type } = this.#peekValue();
    if (type === "end" || type === ",") return [""];
    const token = this.#nextValue();
    if (token.type === "identifier") return [token.text];
    throw this.#wrong(`found '${token.text}', expected: identifier`);
  }

  /** What stands between parentheses; nothing between two commas is the empty value. */
  #valueList(): string[] {
    const open = this.#nextValue();
    if (open.type !== "(") throw this.#wrong(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    const first = this.#peekValue();
    if (first.type === ")") {
      this.#next();
      return [];
    }
    if (first.type !== "identifier" && first.type !== ",") {
      throw this.#wrong(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    for (;;) {
      const token = this.#nextValue();
      if (token.type === "identifier") {
        values.add(token.text);
        const next = this.#nextValue();
        if (next.type === ")") break;
        if (next.type !== ",") throw this.#wrong(`found '${next.text}', expected: ',' or ')'`);
        if (this.#peekValue().type === ")") values.add("");
      } else if (token.type === ",") {
        values.add("");
      } else if (token.type === ")") {
        values.add("");
        break;
      } else {
        throw this.#wrong(`found '${token.text}', expected: ',', or identifier`);
      }
    }
    return [...values].sort();
  }
}

/**
 * Reads the text form of a label selector, as in `labelSelector=app in (a,b),tier!=web,!legacy`. Empty text matches
 * everything. Linear in the length of the text.
 *
 * Errors: BadRequest with upstream's words.
 */
export function parseSelector(text: string): Selector {
  if (text.length > MAX_SELECTOR_LENGTH) throw badRequest(`a selector may have at most ${MAX_SELECTOR_LENGTH} characters`);
  if (text === "") return everything;
  return selectorOf(new SelectorParser(text).parse());
}
