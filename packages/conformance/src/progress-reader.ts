import type { TestResult } from "./results.ts";

/** How Ginkgo's report on a test begins: `• [1.5 seconds]`, `• [FAILED] [37.6 seconds]`, `S [SKIPPED] [0.1 seconds]`. */
const HEADER = /^(?:•|S|P) (?:\[([A-Z ]+)\] )?\[([\d.]+) seconds\]$/;

/** Hears from Ginkgo's output, as soon as a test has ended, how it ended. Its report is written only when the run is over. */
export class ProgressReader {
  #rest = "";
  #header: RegExpExecArray | undefined;

  /** Takes the next piece of the output; answers the tests that ended in it, without reasons. */
  push(piece: string): TestResult[] {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): TestResult | undefined {
    const header = this.#header;
    this.#header = HEADER.exec(line) ?? undefined;
    if (header === undefined || !line.startsWith("[")) return undefined;
    const [, mark, seconds] = header;
    const state = mark === undefined ? "passed" : mark.startsWith("SKIPPED") ? "skipped" : "failed";
    return { name: nameOf(line), state, seconds: Math.round(Number(seconds) * 10) / 10 };
  }
}

/** Ginkgo marks the node that holds the test, and lists the labels behind the name. */
function nameOf(line: string): string {
  return line.replace(" [It]", "").replace(/ \[[^\]]*\]$/, "");
}
