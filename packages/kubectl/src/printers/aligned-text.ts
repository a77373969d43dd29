/** How columns are set: the least width of a column and the spaces after its longest cell. */
interface Alignment {
  readonly minWidth: number;
  readonly padding: number;
}

/** Tables of `get`. */
export const TABLE_ALIGNMENT: Alignment = { minWidth: 6, padding: 3 };
/** `describe`. */
export const DESCRIBE_ALIGNMENT: Alignment = { minWidth: 0, padding: 2 };

const width = (text: string): number => Array.from(text).length;

/**
 * Sets text in columns: cells end with a tab, and a column is made of neighbouring lines that have that cell. What stands
 * after the last tab of a line takes no part.
 *
 * `widths`, when given, holds the least widths of the columns and is raised to those used, so that later rows fit under
 * earlier ones.
 */
export function alignText(text: string, { minWidth, padding }: Alignment, widths?: number[]): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const output: string[] = lines.map(() => "");
  const format = (from: number, to: number, column: number): void => {
    let line = from;
    while (line < to) {
      if ((lines[line]?.length ?? 0) - 1 <= column) {
        line++;
        continue;
      }
      let end = line;
      let columnWidth = Math.max(minWidth, widths?.[column] ?? 0);
      for (; end < to && (lines[end]?.length ?? 0) - 1 > column; end++) {
        columnWidth = Math.max(columnWidth, width(lines[end]?.[column] ?? "") + padding);
      }
      if (widths !== undefined) widths[column] = columnWidth;
      for (let row = line; row < end; row++) {
        const cell = lines[row]?.[column] ?? "";
        output[row] += cell + " ".repeat(columnWidth - width(cell));
      }
      format(line, end, column + 1);
      line = end;
    }
  };
  format(0, lines.length, 0);
  return output.map((line, index) => line + (lines[index]?.at(-1) ?? "")).join("\n");
}
