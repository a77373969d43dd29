import { isJsonObject, jsonEquals, type JsonObject } from "../json-value.ts";
import type { KubeObject, ManagedFieldsEntry } from "../object.ts";
import type { Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";
import { badRequest, statusError, type StatusError } from "../status.ts";
import { applyConflict, type ApplyConflict } from "./apply-conflict.ts";
import { compareObjects, fieldSetOf, type Comparison } from "./compare.ts";
import { undeclaredFields } from "./declared-fields.ts";
import { difference, EMPTY_SET, intersection, isEmpty, sameSet, setOfPath, union, type FieldSet } from "./field-set.ts";
import { BEFORE_FIRST_APPLY, managerId, readManagers, writeManagers, type Manager } from "./managed-fields.ts";
import { ConfigurationError, mergeConfiguration, removeUnowned } from "./merge.ts";

/** Who writes, when and through what. */
export interface WriteOrigin {
  /** The field manager: the request's `fieldManager`, or the first part of its user agent. */
  readonly manager: string;
  /** The version that the request speaks: `apps/v1`. */
  readonly apiVersion: string;
  /** For example `status`; absent for the object itself. */
  readonly subresource?: string;
  /** RFC 3339, with seconds. */
  readonly time: string;
}

/** The schema of the object, and where its definitions are found. */
export interface TypeSource {
  readonly schema: Schema;
  readonly registry: SchemaRegistry;
}

/** An apply request. */
export interface ApplyRequest extends WriteOrigin, TypeSource {
  /** The object as stored, in the version of the request; absent when the apply creates it. Not changed. */
  readonly live?: KubeObject;
  /** What the manager wants to be so. Not changed. */
  readonly patch: KubeObject;
  /** Takes fields over from other managers instead of failing. */
  readonly force: boolean;
  /**
   * Paths of fields that the request cannot write, such as `["status"]` through the object itself; nobody comes to own them
   * by it. Default: none.
   */
  readonly resetFields?: readonly (readonly string[])[];
}

/** An ordinary write. */
export interface TrackRequest extends WriteOrigin, TypeSource {
  /** As stored, in the version of the request; absent on create. Not changed. */
  readonly live?: KubeObject;
  /** As it will be stored; its own `metadata.managedFields` are what the client sent. Not changed. */
  readonly updated: KubeObject;
}

/** The object after an apply, with its managed fields in `metadata.managedFields`. */
export interface ApplyResult {
  /** `live` itself when the apply changes nothing. */
  readonly object: KubeObject;
  readonly managedFields: ManagedFieldsEntry[];
}

/**
 * Server-side apply (KEP-555): puts `patch` over `live`, takes away what the manager applied before and no longer does unless
 * somebody else owns it, and records what it owns. Throws `StatusError`: 409 with a cause for each field of another manager
 * that would change, 400 and (as upstream) 500 for a patch that makes no sense.
 */
export function applyPatch(request: ApplyRequest): ApplyResult {
  const { schema, registry } = request;
  const live = request.live as JsonObject | undefined;
  const config = request.patch as JsonObject;
  if (request.patch.metadata?.managedFields !== undefined) throw badRequest("metadata.managedFields must be nil");
  const undeclared = undeclaredFields(config, schema, registry);
  if (undeclared.length > 0) throw notTyped(request, undeclared);
  const managers = managersBeforeApply(request);
  const self = newManager(request, "Apply", fieldsToOwn(request));
  const last = managers.get(managerId(self));
  const others = [...managers.values()].filter((manager) => manager !== last);

  const owners = [self.fields, ...others.map(({ fields }) => fields)];
  const merged = mergedOrRefused(live ?? {}, config, request);
  const next = last === undefined ? merged : removeUnowned(merged, last.fields, owners, schema, registry);

  const comparison = next === live ? { changed: undefined, removed: undefined } : compareObjects(live ?? {}, next, schema, registry);
  const remaining = takeOver(others, comparison, request.force);
  const unchanged = last !== undefined && last.apiVersion === self.apiVersion && sameSet(last.fields, self.fields);
  const nothingNew =
    live !== undefined && isUnchanged(comparison) && unchanged && remaining.every((manager, index) => manager === others[index]);
  if (nothingNew) return { object: request.live ?? {}, managedFields: request.live?.metadata?.managedFields ?? [] };
  const managedFields = writeManagers([self, ...remaining]);
  const metadata = { ...(isJsonObject(next["metadata"]) ? next["metadata"] : {}), managedFields };
  return { object: { ...next, metadata } as KubeObject, managedFields };
}

/**
 * The managed fields after an ordinary write (create, update, patch other than apply). Returns the list that `live` has when
 * nothing about it changes. Objects that are not tracked (somebody emptied their managed fields) stay so.
 */
export function trackUpdate(request: TrackRequest): ManagedFieldsEntry[] {
  const { live, updated, schema, registry } = request;
  const known = live?.metadata?.managedFields;
  const entries = sentEntries(request) ?? known ?? [];
  if (live !== undefined && entries.length === 0) return known?.length === 0 ? known : [];
  const comparison = compareObjects((live ?? {}) as JsonObject, updated as JsonObject, schema, registry);
  if (isUnchanged(comparison)) return entries as ManagedFieldsEntry[];

  const managers = readManagers(entries) ?? [];
  const self = newManager(request, "Update", comparison.changed ?? EMPTY_SET);
  const id = managerId(self);
  let same = true;
  let found = false;
  const next = managers.map((manager): Manager => {
    const own = managerId(manager) === id;
    found ||= own;
    const kept = comparison.removed === undefined ? manager.fields : difference(manager.fields, comparison.removed, true);
    const fields = own ? union(kept, self.fields) : difference(kept, self.fields);
    if (fields === manager.fields || (own && sameSet(fields, manager.fields))) return manager;
    same = false;
    return { ...manager, fields, time: own ? request.time : manager.time };
  });
  if (!found && !isEmpty(self.fields)) {
    same = false;
    next.push(self);
  }
  return same ? (entries as ManagedFieldsEntry[]) : writeManagers(next);
}

/** The entries that the client sent with an update and that count; undefined when those of the live object do. */
function sentEntries({ live, updated, subresource }: TrackRequest): readonly ManagedFieldsEntry[] | undefined {
  const sent = updated.metadata?.managedFields;
  const known = live?.metadata?.managedFields;
  // Through a subresource nobody may set them; clients that do not know the field leave it out.
  if (sent === undefined || sent === known || (subresource ?? "") !== "" || jsonEquals(sent, known)) return undefined;
  const reset = sent.length === 1 && Object.keys(sent[0] ?? {}).length === 0;
  if (reset) return [];
  return sent.length === 0 || readManagers(sent) === undefined ? undefined : sent;
}

function managersBeforeApply({ live, apiVersion, schema, registry }: ApplyRequest): Map<string, Manager> {
  const managers = readManagers(live?.metadata?.managedFields ?? []) ?? [];
  if (managers.length === 0 && live !== undefined) {
    const everything = compareObjects({}, live as JsonObject, schema, registry).changed ?? EMPTY_SET;
    const before = { name: BEFORE_FIRST_APPLY, operation: "Update", apiVersion, subresource: "" } as const;
    managers.push({ ...before, time: live.metadata?.creationTimestamp, fields: everything });
  }
  return new Map(managers.map((manager) => [managerId(manager), manager]));
}

function newManager(request: WriteOrigin, operation: "Apply" | "Update", fields: FieldSet): Manager {
  const { manager: name, apiVersion, time, subresource = "" } = request;
  return { name, operation, apiVersion, subresource, time, fields };
}

function fieldsToOwn({ patch, schema, registry, resetFields = [] }: ApplyRequest): FieldSet {
  const all = fieldSetOf(patch as JsonObject, schema, registry);
  return resetFields.reduce((set, path) => difference(set, setOfPath(path), true), all);
}

function mergedOrRefused(live: JsonObject, config: JsonObject, request: ApplyRequest): JsonObject {
  try {
    return mergeConfiguration(live, config, request.schema, request.registry);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw notTyped(request, [error.message]);
  }
}

/** Upstream knows no reason for this. */
function notTyped({ patch, apiVersion }: ApplyRequest, problems: readonly string[]): StatusError {
  const { namespace = "", name = "" } = patch.metadata ?? {};
  const why = problems.length === 1 ? (problems[0] ?? "") : ["errors:", ...problems.map((problem) => `  ${problem}`)].join("\n");
  return statusError(
    "Unknown",
    `failed to create typed patch object (${namespace}/${name}; ${apiVersion}, Kind=${patch.kind ?? ""}): ${why}`,
  );
}

/** The other managers without what the apply takes from them. Throws the conflict when they own it and there is no force. */
function takeOver(others: readonly Manager[], { changed, removed }: Comparison, force: boolean): Manager[] {
  const conflicts: ApplyConflict[] = [];
  const remaining = others.map((manager): Manager => {
    let { fields } = manager;
    if (changed !== undefined) {
      const contested = intersection(fields, changed);
      if (!isEmpty(contested)) {
        conflicts.push({ manager, fields: contested });
        fields = difference(fields, contested);
      }
    }
    if (removed !== undefined) fields = difference(fields, removed, true);
    return fields === manager.fields ? manager : { ...manager, fields };
  });
  if (conflicts.length > 0 && !force) throw applyConflict(conflicts);
  return remaining;
}

function isUnchanged({ changed, removed }: Comparison): boolean {
  return changed === undefined && removed === undefined;
}
