/** One figure: several runs of the same thing. */
export interface Measurement {
  /** Unique in a run of the benchmarks. */
  readonly name: string;
  readonly unit: "s" | "ms" | "µs" | "MiB" | "per second" | "% of a core";
  /** One value for each run. */
  readonly values: readonly number[];
  /** The name of the measurement that this one is compared with, from the same run: usually upstream's component. */
  readonly against?: string;
}

/** The value in the middle. NaN when there is none. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The value below which `percent` of the values lie, between the two nearest ones. NaN when there is none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (percent / 100) * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return below + (above - below) * (at - Math.floor(at));
}

/** This measurement's median as a multiple of that of the one which it is compared with; undefined when there is none. */
export function ratio({ values, against }: Measurement, measurements: readonly Measurement[]): number | undefined {
  const other = measurements.find(({ name }) => name === against);
  return other === undefined ? undefined : median(values) / median(other.values);
}

/** The measurements as a table for people: median, from where to where the runs went, and how they compare. */
export function formatTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map((measurement) => {
    const { name, unit, values, against } = measurement;
    const factor = ratio(measurement, measurements);
    return [
      name,
      shortNumber(median(values)),
      unit,
      `${shortNumber(Math.min(...values))} – ${shortNumber(Math.max(...values))}`,
      String(values.length),
      factor === undefined ? "" : `${shortNumber(factor)} × ${against}`,
    ];
  });
  const header = ["what", "median", "unit", "from – to", "runs", "compared"];
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
