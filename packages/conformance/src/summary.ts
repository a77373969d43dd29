import type { TestResult } from "./results.ts";

/** How many tests of one area ended how. */
interface AreaCounts {
  readonly area: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The area that owns a test: `sig-apps` of `[sig-apps] Deployment …`. */
function areaOf(name: string): string {
  return /^\[([a-z-]+)\]/.exec(name)?.[1] ?? "other";
}

/** Counts by area, in alphabetical order. */
export function summarise(results: readonly TestResult[]): AreaCounts[] {
  const areas = [...new Set(results.map(({ name }) => areaOf(name)))].sort();
  return areas.map((area) => {
    const own = results.filter(({ name }) => areaOf(name) === area);
    const count = (state: TestResult["state"]): number => own.filter((result) => result.state === state).length;
    return { area, passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
  });
}

/** A table for people (and for Markdown), and as its last line `N passed, N failed, N skipped`. */
export function formatSummary(areas: readonly AreaCounts[]): string {
  const sum = (key: "passed" | "failed" | "skipped"): number => areas.reduce((total, area) => total + area[key], 0);
  const total = { area: "all", passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
  const rows = [
    ["area", "passed", "failed", "skipped"],
    ...[...areas, total].map(({ area, passed, failed, skipped }) => [area, `${passed}`, `${failed}`, `${skipped}`]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  const [header = [], ...body] = rows;
  return [line(header), rule, ...body.map(line), "", `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`].join("\n");
}
