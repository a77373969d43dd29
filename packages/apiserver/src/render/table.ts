import { ageColumn, badRequest, nameColumn, type Column, type KindDefinition, type ListMeta, writeJson } from "@skiff/api";
import type { StoredObject } from "../registry/stored-object.ts";
import type { ServedResource } from "../served-resources.ts";
import { partialObjectJson } from "./partial-object.ts";
import { objectParts, servedObject } from "./stored-bytes.ts";
import type { Shape } from "./representation.ts";

/** What a row carries beside its cells (`includeObject` of `metav1.TableOptions`). */
export type IncludeObject = "None" | "Metadata" | "Object";

/** Errors: `BadRequest` for anything else than the three values; empty is `Metadata`. */
export function parseIncludeObject(text: string | undefined): IncludeObject {
  if (text === undefined || text === "") return "Metadata";
  if (text === "None" || text === "Metadata" || text === "Object") return text;
  throw badRequest(`unrecognized includeObject value: "${text}"`);
}

/** What a table is made for. */
interface TableRequest {
  readonly resource: ServedResource;
  readonly version: Shape["version"];
  readonly includeObject: IncludeObject;
  /** Wall time, for ages. */
  readonly nowMs: number;
}

/** The columns of a kind, with the name that nearly all begin with. */
function columnsOf(kind: KindDefinition): readonly Column[] {
  const columns = kind.columns ?? [ageColumn];
  return columns.some(({ name }) => name === "Name") ? columns : [nameColumn(), ...columns];
}

/**
 * A `metav1.Table` as JSON: what `kubectl get` prints. `withHeader` is false for the later events of a watch, which
 * repeat the columns of the first one.
 */
export function tableJson(request: TableRequest, items: readonly StoredObject[], metadata: ListMeta, withHeader = true): string {
  const columns = columnsOf(request.resource.kind);
  const header = withHeader ? JSON.stringify(columns.map(columnDefinition)) : "null";
  const rows = items.map((stored) => rowJson(request, columns, stored));
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${request.version}","metadata":${JSON.stringify(metadata)},"columnDefinitions":${header},"rows":[${rows.join(",")}]}`;
}

function columnDefinition({ name, type, format = "", description, priority = 0 }: Column): Record<string, unknown> {
  return { name, type, format, description, priority };
}

function rowJson({ resource, version, includeObject, nowMs }: TableRequest, columns: readonly Column[], stored: StoredObject): string {
  // Columns are those of the stored version; what a version renames is not in any of them.
  const cells = writeJson(columns.map((column) => column.value(stored.object, nowMs)));
  if (includeObject === "None") return `{"cells":${cells},"object":null}`;
  const object =
    includeObject === "Object"
      ? Buffer.concat(objectParts(resource, stored)).toString()
      : partialObjectJson(servedObject(resource, stored), version);
  return `{"cells":${cells},"object":${object}}`;
}
