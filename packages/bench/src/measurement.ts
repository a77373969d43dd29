/** One figure: several runs of the same thing. */
export interface Measurement {
  readonly name: string;
  readonly unit: "ms" | "MiB" | "per second" | "µs";
  /** One value for each run. */
  readonly values: readonly number[];
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The measurements as a table for people: median, and from where to where the runs went. */
export function formatTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ name, unit, values }) => [
    name,
    shortNumber(median(values)),
    unit,
    `${shortNumber(Math.min(...values))} – ${shortNumber(Math.max(...values))}`,
    String(values.length),
  ]);
  const header = ["what", "median", "unit", "from – to", "runs"];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function shortNumber(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
