import type { TestResult } from "./results.ts";

/** Which of the suite's tests are wanted. */
interface Selection {
  readonly focus?: RegExp;
  readonly skip?: RegExp;
}

/** Tests that are run together. */
export interface Batch {
  readonly name: string;
  readonly tests: readonly string[];
  /** One at a time: they change the whole cluster, or need it for themselves. */
  readonly serial: boolean;
}

/** The conformance tests among `names` that are wanted and have not passed in `earlier`. */
export function selectTests(names: readonly string[], { focus, skip }: Selection, earlier: readonly TestResult[]): string[] {
  const passed = new Set(earlier.flatMap(({ name, state }) => (state === "passed" ? [name] : [])));
  return names.filter(
    (name) => name.includes("[Conformance]") && focus?.test(name) !== false && skip?.test(name) !== true && !passed.has(name),
  );
}

/** The tests that may run beside each other, then those that may not. No batch is empty. */
export function planBatches(tests: readonly string[]): Batch[] {
  const serial = tests.filter((name) => /\[(Serial|Disruptive)\]/.test(name));
  const parallel = tests.filter((name) => !serial.includes(name));
  return [
    { name: "parallel", tests: parallel, serial: false },
    { name: "serial", tests: serial, serial: true },
  ].filter((batch) => batch.tests.length > 0);
}

/** The regular expression (of Go) that matches these tests only; Ginkgo puts the name of the suite in front of a test's. */
export function focusPattern(tests: readonly string[]): string {
  return `(?:${tests.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|")})$`;
}

/** The names in the answer of `e2e.test --list-tests`: one a line, behind the place where the test is written. */
export function parseTestList(output: string): string[] {
  return output.split("\n").flatMap((line) => /^\s*\S+\.go:\d+: (.+)$/.exec(line)?.[1]?.trim() ?? []);
}
