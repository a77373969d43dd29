import type { StepResult } from "./replay.ts";

const MARKS = { passed: "ok  ", failed: "FAIL", skipped: "skip" } as const;
const TITLE_WIDTH = 90;

/** One step's line, and below it why it failed. */
export function formatResult({ step, verdict, detail, tookMs }: StepResult): string {
  const title = step.text.split("\n")[0] ?? "";
  const shown = title.length > TITLE_WIDTH ? `${title.slice(0, TITLE_WIDTH - 1)}…` : title;
  const time = verdict === "skipped" ? "" : `  (${(tookMs / 1000).toFixed(1)} s)`;
  const head = `${MARKS[verdict]} ${step.id}  ${shown}${time}`;
  if (detail === undefined) return head;
  if (verdict !== "failed") return `${head}  [${detail}]`;
  const expected = step.expect.split("\n").map((line) => `       expected: ${line}`);
  return [head, ...expected, ...detail.split("\n").map((line) => `       got: ${line}`)].join("\n");
}

/** Results of all documents that were replayed, by the document's number. */
type ReportedSeeds = ReadonlyMap<string, readonly StepResult[]>;

/** A table with a row for each document; the last line is `N passed, N failed, N skipped`, each step counted once. */
export function formatSummary(seeds: ReportedSeeds): string {
  const rows = [...seeds].map(([seed, results]) => [seed, ...countsOf(results).map(String)]);
  const table = [["SEED", "PASSED", "FAILED", "SKIPPED"], ...rows].map((cells) =>
    cells
      .map((cell) => cell.padEnd(8))
      .join(" ")
      .trimEnd(),
  );
  const [passed, failed, skipped] = countsOf(distinct([...seeds.values()].flat()));
  return [...table, "", `${passed} passed, ${failed} failed, ${skipped} skipped`].join("\n");
}

function countsOf(results: readonly StepResult[]): [number, number, number] {
  const count = (verdict: StepResult["verdict"]): number => results.filter((result) => result.verdict === verdict).length;
  return [count("passed"), count("failed"), count("skipped")];
}

/** A step that two documents share counts once: as failed if it failed in one of them, as skipped only if in both. */
function distinct(results: readonly StepResult[]): StepResult[] {
  const weight = { failed: 2, passed: 1, skipped: 0 } as const;
  const byId = new Map<string, StepResult>();
  for (const result of results) {
    const known = byId.get(result.step.id);
    if (known === undefined || weight[result.verdict] > weight[known.verdict]) byId.set(result.step.id, result);
  }
  return [...byId.values()];
}
