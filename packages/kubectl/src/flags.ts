import { parseDuration } from "@skiff/base";
import { KubectlError } from "./kubectl-error.ts";

/**
 * One flag of a command. `list` may be repeated and takes values with commas; `array` may be repeated and takes each value
 * whole; `optional` is text that may be left out, which then means {@link FlagDefinition.bare}.
 */
interface FlagDefinition {
  readonly short?: string;
  readonly type: "bool" | "string" | "list" | "array" | "optional";
  /** In text form. Default: false, empty. */
  readonly default?: string;
  /** The value of an `optional` flag that is given without one. */
  readonly bare?: string;
  readonly help: string;
  /** Takes no part in help; for old names. */
  readonly hidden?: boolean;
}

/** The flags of a command by their long names. */
export type FlagDefinitions = Readonly<Record<string, FlagDefinition>>;

/** What the words of a command line came to. */
export class Flags {
  readonly #definitions: FlagDefinitions;
  readonly #values: ReadonlyMap<string, readonly string[]>;
  /** The words that are no flags, those after `--` left out. */
  readonly args: readonly string[];
  /** The words after `--`; `undefined` when there was none. */
  readonly afterDash: readonly string[] | undefined;

  constructor(
    definitions: FlagDefinitions,
    values: ReadonlyMap<string, readonly string[]>,
    args: readonly string[],
    afterDash: readonly string[] | undefined,
  ) {
    this.#definitions = definitions;
    this.#values = values;
    this.args = args;
    this.afterDash = afterDash;
  }

  /** True when the flag was given. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  bool(name: string): boolean {
    const text = this.text(name) || "false";
    if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
    if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
    throw new KubectlError(`invalid argument "${text}" for "--${name}" flag: strconv.ParseBool: parsing "${text}": invalid syntax`);
  }

  /** The last value given, else the default, else `""`. */
  text(name: string): string {
    return this.#values.get(name)?.at(-1) ?? this.#definitions[name]?.default ?? "";
  }

  /** True when the command takes the flag any number of times. */
  isArray(name: string): boolean {
    return this.#definitions[name]?.type === "array";
  }

  /** As {@link text}, `undefined` when the flag was not given and has no default. */
  maybe(name: string): string | undefined {
    return this.#values.get(name)?.at(-1) ?? this.#definitions[name]?.default;
  }

  list(name: string): readonly string[] {
    const given = this.#values.get(name) ?? [];
    return this.#definitions[name]?.type === "list" ? given.flatMap((value) => (value === "" ? [] : value.split(","))) : given;
  }

  integer(name: string): number {
    const text = this.text(name);
    if (!/^[-+]?\d+$/.test(text)) {
      throw new KubectlError(`invalid argument "${text}" for "--${name}" flag: strconv.ParseInt: parsing "${text}": invalid syntax`);
    }
    return Number(text);
  }

  /** Milliseconds. A bare number is seconds where kubectl allows that. */
  durationMs(name: string): number {
    const text = this.text(name);
    if (/^\d+$/.test(text)) return Number(text) * 1000;
    try {
      return parseDuration(text);
    } catch (error) {
      throw new KubectlError(`invalid argument "${text}" for "--${name}" flag: time: invalid duration "${text}"`, { cause: error });
    }
  }

  /** The same as if the flag had not been given. */
  without(name: string): Flags {
    const values = new Map([...this.#values].filter(([key]) => key !== name));
    return new Flags(this.#definitions, values, this.args, this.afterDash);
  }
}

class FlagReader {
  readonly #command: string;
  readonly #definitions: FlagDefinitions;
  readonly #shorts: ReadonlyMap<string, string>;
  readonly values = new Map<string, string[]>();
  readonly args: string[] = [];

  constructor(command: string, definitions: FlagDefinitions) {
    this.#command = command;
    this.#definitions = definitions;
    this.#shorts = new Map(Object.entries(definitions).flatMap(([name, { short }]) => (short ? [[short, name] as const] : [])));
  }

  /** Reads one word, and answers whether it took the next one too. */
  word(word: string, next: string | undefined): boolean {
    if (word.startsWith("--")) return this.#long(word.slice(2), next);
    if (word.startsWith("-") && word !== "-") return this.#short(word.slice(1), next);
    this.args.push(word);
    return false;
  }

  #long(text: string, next: string | undefined): boolean {
    const equals = text.indexOf("=");
    const name = equals < 0 ? text : text.slice(0, equals);
    const definition = Object.hasOwn(this.#definitions, name) ? this.#definitions[name] : undefined;
    if (definition === undefined) throw this.#error(`unknown flag: --${name}`);
    if (equals >= 0) return this.#put(name, text.slice(equals + 1));
    if (definition.type === "bool") return this.#put(name, "true");
    if (definition.type === "optional") return this.#put(name, definition.bare ?? "");
    if (next === undefined) throw this.#error(`flag needs an argument: --${name}`);
    this.#put(name, next);
    return true;
  }

  #short(letters: string, next: string | undefined): boolean {
    for (let index = 0; index < letters.length; index++) {
      const letter = letters[index] ?? "";
      const name = this.#shorts.get(letter);
      const definition = name === undefined ? undefined : this.#definitions[name];
      if (name === undefined || definition === undefined) {
        throw this.#error(`unknown shorthand flag: '${letter}' in -${letters}`);
      }
      const rest = letters.slice(index + 1);
      if (rest.startsWith("=")) return this.#put(name, rest.slice(1));
      if (definition.type === "bool") {
        this.#put(name, "true");
        continue;
      }
      if (rest !== "") return this.#put(name, rest);
      if (definition.type === "optional") return this.#put(name, definition.bare ?? "");
      if (next === undefined) throw this.#error(`flag needs an argument: '${letter}' in -${letters}`);
      this.#put(name, next);
      return true;
    }
    return false;
  }

  #put(name: string, value: string): false {
    const values = this.values.get(name);
    if (values === undefined) this.values.set(name, [value]);
    else values.push(value);
    return false;
  }

  #error(message: string): KubectlError {
    return new KubectlError(`${message}\nSee 'kubectl ${this.#command} --help' for usage.`);
  }
}

/**
 * Reads a command line as kubectl does: flags stand anywhere before `--`, values stand behind `=`, behind a space, or
 * (short flags) directly behind the letter; short flags without values can be joined.
 *
 * Errors: {@link KubectlError} for unknown flags and missing values.
 */
export function parseFlags(command: string, definitions: FlagDefinitions, words: readonly string[]): Flags {
  const reader = new FlagReader(command, definitions);
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (word === "--") return new Flags(definitions, reader.values, reader.args, words.slice(index + 1));
    if (reader.word(word, words[index + 1])) index++;
  }
  return new Flags(definitions, reader.values, reader.args, undefined);
}
