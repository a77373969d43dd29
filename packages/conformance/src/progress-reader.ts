import type { TestResult } from "./results.ts";

/** How Ginkgo's report on a test begins: `• [1.5 seconds]`, `• [FAILED] [37.6 seconds]`, `S [SKIPPED] [0.1 seconds]`. */
const HEADER = /^(?:•|S|P) (?:\[([A-Z ]+)\] )?\[([\d.]+) seconds\]$/;

/** What Ginkgo puts between tests. */
const SEPARATOR = "------------------------------";

/**
 * Hears from Ginkgo's output, as soon as a test has ended, how it ended. Its report is written only when the run is over. Tests
 * that run beside each other are named behind the header; those that run alone are named before they begin, and again when they fail.
 */
export class ProgressReader {
  #rest = "";
  #previous = "";
  #header: RegExpExecArray | undefined;
  /** The test that has been named before it began. */
  #announced: string | undefined;

  /** Takes the next piece of the output; answers the tests that ended in it, without reasons. */
  push(piece: string): TestResult[] {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): TestResult | undefined {
    const header = this.#header;
    const isName = line.startsWith("[");
    const name = isName ? nameOf(line) : this.#announced;
    if (isName && this.#previous === SEPARATOR) this.#announced = name;
    this.#previous = line;
    this.#header = HEADER.exec(line) ?? undefined;
    if (header === undefined || name === undefined) return undefined;
    this.#announced = undefined;
    const [, mark, seconds] = header;
    const state = mark === undefined ? "passed" : mark.startsWith("SKIPPED") ? "skipped" : "failed";
    return { name, state, seconds: Math.round(Number(seconds) * 10) / 10 };
  }
}

/** Ginkgo marks the node that holds the test, and lists the labels behind the name. */
function nameOf(line: string): string {
  return line.replace(" [It]", "").replace(/ \[[^\]]*\]$/, "");
}
