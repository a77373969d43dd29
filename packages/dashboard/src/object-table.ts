import { groupResource, type KubeObject, type Resource } from "@skiff/api";
import { cellText, nameColumnOf, type Table, type TableRow } from "@skiff/client";
import { listAddress, objectAddress } from "./addresses.ts";
import { html, type Html } from "./html.ts";
import { htmlTable } from "./html-table.ts";

/** How {@link renderTable} shows a table. */
interface ObjectTableOptions {
  /** What the table is about; read out first, and shown above it. */
  readonly caption: string;
  readonly resource: Pick<Resource, "group" | "plural" | "namespaced">;
  /** A first column with the namespace. */
  readonly withNamespace?: boolean;
  /** Also the columns that kubectl shows with `-o wide`. */
  readonly wide?: boolean;
  /** In place of a table without rows. */
  readonly empty?: string;
}

/** A server's table as one of HTML: its columns, with a link from the name of every object. */
export function renderTable(table: Table, options: ObjectTableOptions): Html {
  const { caption, resource, withNamespace = false, wide = false, empty = "There are none." } = options;
  if (table.rows.length === 0) return html`<p class="empty">${caption}: ${empty}</p>`;
  const shown = [...table.columnDefinitions.keys()].filter((index) => wide || (table.columnDefinitions[index]?.priority ?? 0) === 0);
  // Where the names are not shown the first column has the links.
  const linked = shown.includes(nameColumnOf(table)) ? nameColumnOf(table) : shown[0];
  const cell = (row: TableRow, index: number): Html => {
    const text = cellText(row.cells[index]);
    const name = row.object?.metadata?.name;
    if (index !== linked || name === undefined) return html`<td>${text}</td>`;
    const target = objectAddress(resource, { namespace: row.object?.metadata?.namespace, name });
    return html`<th scope="row"><a href="${target}">${text}</a></th>`;
  };
  const line = (row: TableRow): Html => {
    const namespace = row.object?.metadata?.namespace ?? "";
    const first = withNamespace && html`<td><a href="${listAddress(resource, namespace)}">${namespace}</a></td>`;
    return html`<tr>
      ${first}${shown.map((index) => cell(row, index))}
    </tr> `;
  };
  const headings = shown.map((index) => table.columnDefinitions[index]?.name ?? "");
  return htmlTable({
    caption,
    headings: withNamespace ? ["Namespace", ...headings] : headings,
    rows: table.rows.map(line),
    resource: groupResource(resource),
  });
}

/** The same table with only those rows. */
export function filterRows(table: Table, wanted: (object: KubeObject) => boolean): Table {
  return { ...table, rows: table.rows.filter(({ object }) => object !== undefined && wanted(object)) };
}
