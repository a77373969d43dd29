import type { ObjectMeta } from "@skiff/api";
import { cellText, nameColumnOf, type Table } from "@skiff/client";
import { alignText, TABLE_ALIGNMENT } from "./aligned-text.ts";

/** How a table is shown. */
export interface TableOptions {
  readonly wide?: boolean;
  readonly noHeaders?: boolean;
  /** A first column with the namespace. */
  readonly withNamespace?: boolean;
  /** `pod`, `deployment.apps`: stands with a slash before each name. */
  readonly kindPrefix?: string;
  readonly showLabels?: boolean;
  /** Labels that get a column each. */
  readonly labelColumns?: readonly string[];
}

function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? "<none>" : pairs.sort().join(",");
}

/** The heading of a column for a label: what stands after the slash, in capitals. */
function labelHeading(label: string): string {
  return label.slice(label.lastIndexOf("/") + 1).toUpperCase();
}

/** The rows of a table as cells, the heading first unless it is left out. */
export function tableCells(table: Table, options: TableOptions = {}): string[][] {
  const { wide = false, noHeaders = false, withNamespace = false, kindPrefix, showLabels = false, labelColumns = [] } = options;
  const shown = table.columnDefinitions
    .map(({ priority = 0 }, index) => ({ index, visible: wide || priority === 0 }))
    .filter(({ visible }) => visible);
  const nameIndex = nameColumnOf(table);
  const cells: string[][] = [];
  if (!noHeaders) {
    cells.push([
      ...(withNamespace ? ["NAMESPACE"] : []),
      ...shown.map(({ index }) => (table.columnDefinitions[index]?.name ?? "").toUpperCase()),
      ...labelColumns.map(labelHeading),
      ...(showLabels ? ["LABELS"] : []),
    ]);
  }
  for (const row of table.rows) {
    const metadata: ObjectMeta = row.object?.metadata ?? {};
    cells.push([
      ...(withNamespace ? [metadata.namespace ?? ""] : []),
      ...shown.map(({ index }) => (index === nameIndex && kindPrefix ? `${kindPrefix}/` : "") + cellText(row.cells[index])),
      ...labelColumns.map((label) => metadata.labels?.[label] ?? ""),
      ...(showLabels ? [labelText(metadata.labels)] : []),
    ]);
  }
  return cells;
}

/** Rows set in columns, each ending with a newline. `widths` as in {@link alignText}. */
export function alignRows(rows: readonly (readonly string[])[], widths?: number[]): string {
  if (rows.length === 0) return "";
  return `${alignText(rows.map((row) => row.join("\t")).join("\n"), TABLE_ALIGNMENT, widths)}\n`;
}
