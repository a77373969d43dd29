import type { TestResult } from "./results.ts";

/** A test that does not pass yet. */
interface KnownFailure {
  readonly name: string;
  readonly reason: string;
}

/** The content of `known-failures.json`. */
export type KnownFailures = readonly KnownFailure[];

/** What changed since the list was written. */
interface Comparison {
  /** Failed, and the list does not know it. */
  readonly regressions: readonly TestResult[];
  /** Passed, though the list says that it fails. */
  readonly repaired: readonly string[];
}

/** Compares a run, which may be one of a part of the tests, with the list of failures that are known. */
export function compareWithKnown(results: readonly TestResult[], known: KnownFailures): Comparison {
  const names = new Set(known.map(({ name }) => name));
  return {
    regressions: results.filter(({ name, state }) => state === "failed" && !names.has(name)),
    repaired: results.filter(({ name, state }) => state === "passed" && names.has(name)).map(({ name }) => name),
  };
}
