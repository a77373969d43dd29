import {
  ageColumn,
  allKinds,
  nameColumn,
  resourcePath,
  type Column,
  type JsonValue,
  type KubeList,
  type KubeObject,
  type Resource,
  writeJson,
} from "@skiff/api";
import type { Client, ListOptions } from "./client.ts";

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
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number };
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

/** A cell as people read it: one line, `<none>` for nothing. */
export function cellText(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return "<none>";
  if (typeof value === "object") return writeJson(value);
  const text = String(value);
  const end = text.search(/[\f\n\r]/);
  return (end < 0 ? text : `${text.slice(0, end)}...`).replaceAll("\t", "    ");
}

/** Which column has the names of the objects; -1 when none has. */
export function nameColumnOf(table: Table): number {
  return table.columnDefinitions.findIndex(({ name, format }) => format === "name" || name === "Name");
}

/** What {@link requestTable} asks for: a list, or with `name` one object. */
export interface TableRequest extends Omit<ListOptions, "metadataOnly"> {
  readonly name?: string;
  /** What each row carries. Default: the object's metadata. */
  readonly includeObject?: "Metadata" | "Object";
}

/** Asks for objects as a table. Servers that make none are answered with one of our own, see {@link tableOf}. */
export async function requestTable(client: Client, resource: Resource, options: TableRequest, nowMs: number): Promise<Table> {
  const { namespace, name, signal, ...query } = options;
  const path = resourcePath(resource, { namespace, name });
  const answer = await client.raw({ method: "GET", path, query, headers: { accept: TABLE_ACCEPT }, signal });
  return isTable(answer) ? answer : tableOf(resource, answer as KubeObject | KubeList<KubeObject>, nowMs);
}
