import type { ManagedFieldsEntry } from "../object.ts";
import { compareText, inFieldOrder } from "./field-set-order.ts";
import { EMPTY_SET, isEmpty, isFieldSet, union, type FieldSet } from "./field-set.ts";

/** The fields of one manager. */
export interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** How many managers with ordinary updates an object keeps apart; older ones are merged into {@link ANCIENT_MANAGER}. */
const MAX_UPDATE_MANAGERS = 10;

/** Stands for managers that were too many. */
const ANCIENT_MANAGER = "ancient-changes";

/** Stands for whoever set fields before the first apply to an object that nobody tracked. */
export const BEFORE_FIRST_APPLY = "before-first-apply";

/** Two entries are the same manager's when this is the same: an applier keeps its entry when it changes the version it speaks. */
export function managerId(manager: Pick<Manager, "name" | "operation" | "apiVersion" | "subresource">): string {
  const version = manager.operation === "Apply" ? "" : manager.apiVersion;
  return [manager.operation, manager.name, version, manager.subresource].join("\n");
}

/** Reads the entries of an object. Undefined when one makes no sense: the whole list is then ignored, as upstream does. */
export function readManagers(entries: readonly ManagedFieldsEntry[]): Manager[] | undefined {
  const managers: Manager[] = [];
  for (const entry of entries) {
    const fields = entry.fieldsV1 ?? EMPTY_SET;
    const { operation } = entry;
    const known = operation === "Apply" || operation === "Update";
    if (!known || entry.apiVersion === undefined || (entry.fieldsType ?? "FieldsV1") !== "FieldsV1" || !checkedSet(fields))
      return undefined;
    managers.push({
      name: entry.manager ?? "",
      operation,
      apiVersion: entry.apiVersion,
      subresource: entry.subresource ?? "",
      time: entry.time,
      fields: fields as FieldSet,
    });
  }
  return managers;
}

/** Sets that were checked already: those of stored objects are read with every write to them. */
const checked = new WeakSet<object>();

function checkedSet(fields: object): boolean {
  if (checked.has(fields)) return true;
  if (!isFieldSet(fields)) return false;
  checked.add(fields);
  return true;
}

/** The entries for `metadata.managedFields`, in upstream's order. Managers without fields have none. */
export function writeManagers(managers: readonly Manager[]): ManagedFieldsEntry[] {
  const kept = capped(managers.filter(({ fields }) => !isEmpty(fields)));
  return [...kept].sort(inOrder).map(entryOf);
}

function entryOf(manager: Manager): ManagedFieldsEntry {
  return {
    manager: manager.name,
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(manager.time === undefined ? {} : { time: manager.time }),
    fieldsType: "FieldsV1",
    fieldsV1: inFieldOrder(manager.fields) as Record<string, unknown>,
    ...(manager.subresource === "" ? {} : { subresource: manager.subresource }),
  };
}

function inOrder(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? "", b.time ?? "") ||
    compareText(a.name, b.name) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

/** Merges the oldest updates until no more than {@link MAX_UPDATE_MANAGERS} are left, one bucket for each version. */
function capped(managers: readonly Manager[]): readonly Manager[] {
  const updates = managers.filter((manager) => manager.operation === "Update");
  if (updates.length <= MAX_UPDATE_MANAGERS) return managers;
  const buckets = new Map<string, Manager>();
  const merged = new Set<Manager>();
  let left = updates.length;
  for (const manager of updates.sort(inOrder)) {
    const bucket = buckets.get(manager.apiVersion);
    if (left <= MAX_UPDATE_MANAGERS) break;
    merged.add(manager);
    if (bucket !== undefined) left--;
    const fields = bucket === undefined ? manager.fields : union(bucket.fields, manager.fields);
    buckets.set(manager.apiVersion, { ...manager, name: ANCIENT_MANAGER, subresource: "", fields });
  }
  return [...managers.filter((manager) => !merged.has(manager)), ...buckets.values()];
}
