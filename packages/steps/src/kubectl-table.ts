/** A table that kubectl printed. */
interface KubectlTable {
  readonly headings: readonly string[];
  /** One record a row, by heading. */
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/**
 * The tables in what kubectl printed, one for each block between empty lines. Columns begin where their headings begin,
 * so cells may be empty or hold single blanks; a heading may, too ("ACCESS MODES").
 */
export function readTables(text: string): KubectlTable[] {
  const blocks = text.split(/\n\s*\n/).map((block) => block.split("\n").filter((line) => line.trim() !== ""));
  return blocks.filter((lines) => lines.length > 0 && /^[A-Z]/.test(lines[0] ?? "")).map(tableOf);
}

function tableOf(lines: readonly string[]): KubectlTable {
  const [head = "", ...body] = lines;
  const starts = [...head.matchAll(/\S+(?: \S+)*/g)].map(({ 0: name, index }) => ({ name, index }));
  const cell = (line: string, column: number): string =>
    line.slice(starts[column]?.index, column + 1 < starts.length ? starts[column + 1]?.index : undefined).trim();
  return {
    headings: starts.map(({ name }) => name),
    rows: body.map((line) => Object.fromEntries(starts.map(({ name }, column) => [name, cell(line, column)]))),
  };
}
