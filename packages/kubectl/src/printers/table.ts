import {
  ageColumn,
  allKinds,
  nameColumn,
  type Column,
  type JsonValue,
  type KubeList,
  type KubeObject,
  type ObjectMeta,
  type Resource,
} from "@skiff/api";
import { alignText, TABLE_ALIGNMENT } from "./aligned-text.ts";

/** `metav1.TableColumnDefinition`. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

/** `metav1.TableRow`. */
export interface TableRow {
  readonly cells: readonly JsonValue[];
  readonly object?: KubeObject;
}

/** `metav1.Table`: rows that the server has made for people. */
export interface Table {
  readonly kind: "Table";
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly columnDefinitions: readonly TableColumn[];
  readonly rows: readonly TableRow[];
}

/** Asks for a {@link Table}, else for the object. */
export const TABLE_ACCEPT =
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

/** True for answers that are a {@link Table}. */
export function isTable(value: unknown): value is Table {
  return (value as { kind?: unknown } | undefined)?.kind === "Table";
}

/**
 * The table of an object or list that came without one: the columns of the kind when we know it, name and age when not.
 */
export function tableOf(resource: Resource, answer: KubeObject | KubeList<KubeObject>, nowMs: number): Table {
  const items = "items" in answer && Array.isArray(answer.items) ? answer.items : [answer as KubeObject];
  const known = allKinds.find(({ group, kind }) => group === resource.group && kind === resource.kind)?.columns ?? [ageColumn as Column];
  const columns: readonly Column[] = known.some(({ name }) => name === "Name") ? known : [nameColumn(), ...known];
  return {
    kind: "Table",
    metadata: answer.metadata as Table["metadata"],
    columnDefinitions: columns.map(({ name, type, format, priority = 0 }) => ({ name, type, format, priority })),
    rows: items.map((object) => ({ object, cells: columns.map((column) => column.value(object, nowMs)) })),
  };
}

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

function cellText(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return "<none>";
  if (typeof value === "object") return JSON.stringify(value);
  const text = String(value);
  const end = text.search(/[\f\n\r]/);
  return (end < 0 ? text : `${text.slice(0, end)}...`).replaceAll("\t", "    ");
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
  const isName = (index: number): boolean => {
    const { name, format } = table.columnDefinitions[index] ?? {};
    return format === "name" || name === "Name";
  };
  const nameIndex = table.columnDefinitions.findIndex((_column, index) => isName(index));
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
