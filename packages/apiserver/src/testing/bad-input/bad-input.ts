import type { Random } from "@skiff/base";
import type { Lab } from "./lab.ts";

/** A request over HTTPS. */
export interface HttpInput {
  readonly method?: string;
  readonly path: string;
  /** Objects are sent as JSON. */
  readonly body?: string | Uint8Array | object;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Who sends it; default: the administrator. */
  readonly as?: Sender;
}

/** Who sends requests: an administrator, a user with few rights, a node, somebody with a foreign certificate, nobody. */
export type Sender = "admin" | "jane" | "node" | "stranger" | "nobody";

/** Bytes as they are, on a TLS connection of their own; the answer is everything until the server closes. */
export interface RawInput {
  readonly raw: string;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** What a bad input must get. */
export interface Expected {
  /** 0: the connection was closed without an answer. */
  readonly status: number | readonly number[];
  readonly reason?: string;
  /** One of the causes is about this field. */
  readonly field?: string;
  /** The answer's text. */
  readonly text?: RegExp;
  readonly headers?: Readonly<Record<string, RegExp>>;
}

/** What is sent: one request, or several steps that end with the answer in question. */
export type Input = HttpInput | RawInput | ((lab: Lab) => Promise<Answer>);

/** One way to be wrong, of a row of the table of bad inputs. */
export interface BadInput {
  readonly what: string;
  /** Makes the input: the same from the same randomness. */
  readonly make: (random: Random, lab: Lab) => Input;
  readonly expected: Expected;
  /** True when the input is taken, or its steps store something on the way. Default: the store must not change. */
  readonly stores?: boolean;
}

/** A row of the table. */
export interface Row {
  readonly row: number;
  readonly name: string;
  readonly inputs: readonly BadInput[];
  /** What of the row is not tried here, and why. */
  readonly skipped?: string;
}
