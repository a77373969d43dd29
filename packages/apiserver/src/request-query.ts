import { badRequest, type Query } from "@skiff/api";

/** The query parameters of a request, decoded. A parameter may be given several times. */
export class RequestQuery {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** From the text behind the `?`. Errors: `BadRequest` for broken percent-encoding. */
  static parse(text: string): RequestQuery {
    const values = new Map<string, string[]>();
    for (const pair of text.split("&")) {
      if (pair === "") continue;
      const equals = pair.indexOf("=");
      const name = decodeComponent(equals < 0 ? pair : pair.slice(0, equals));
      const value = equals < 0 ? "" : decodeComponent(pair.slice(equals + 1));
      const known = values.get(name);
      if (known === undefined) values.set(name, [value]);
      else known.push(value);
    }
    return new RequestQuery(values);
  }

  /** From the query of an in-process request. */
  static from(query: Query | undefined): RequestQuery {
    const values = new Map<string, readonly string[]>();
    for (const name in query) {
      const value = query[name];
      if (value === undefined) continue;
      values.set(name, typeof value === "object" ? value : [String(value)]);
    }
    return new RequestQuery(values);
  }

  /** The first value, or `undefined` when the parameter is absent. */
  get(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /**
   * `true` and `1` are true, as are parameters without a value; `false` and `0` are false, as is absence. Large letters and
   * small ones are the same: the Python client writes `False`.
   */
  flag(name: string): boolean {
    const value = this.get(name);
    return value !== undefined && value.toLowerCase() !== "false" && value !== "0";
  }

  /**
   * A whole number, or `undefined` when absent or empty.
   * Errors: `BadRequest` for anything else and for numbers that JavaScript cannot hold exactly.
   */
  integer(name: string): number | undefined {
    const text = this.get(name);
    if (text === undefined || text === "") return undefined;
    const value = Number(text);
    if (!/^[-+]?\d+$/.test(text) || !Number.isSafeInteger(value))
      throw badRequest(`invalid value "${text}" for parameter ${name}: must be an integer`);
    return value;
  }

  /** All parameters again as text, for passing a request on. */
  toString(): string {
    const pairs: string[] = [];
    for (const [name, values] of this.#values)
      for (const value of values) pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    return pairs.join("&");
  }
}

function decodeComponent(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch (error) {
    throw badRequest(`invalid URL escape in the query: ${error instanceof Error ? error.message : "malformed"}`);
  }
}
