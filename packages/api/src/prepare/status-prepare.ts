import { cloneJson, type JsonValue } from "../json-value.ts";
import type { WriteContext } from "../kind.ts";
import type { KubeObject } from "../object.ts";

interface WithStatus extends KubeObject {
  spec?: unknown;
  status?: unknown;
}

/** A copy that may be changed: old objects are shared and frozen. */
export function ownCopy<T>(value: T): T {
  return cloneJson(value as JsonValue) as T;
}

/** Nothing is copied where the object shares the part with the old one already, which shows that nobody has changed it. */
function keep<T extends WithStatus>(object: T, old: T, field: "spec" | "status"): void {
  if (object[field] !== old[field]) restore(object, old, field);
}

function restore<T extends WithStatus>(object: T, old: T, field: "spec" | "status"): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = ownCopy(old[field]);
}

/**
 * The rule of nearly every kind with a status: clients do not set it on create, writes to the object leave it alone, and
 * writes to `status` leave the specification alone. `initialStatus` makes the status of a new object.
 *
 * What is left alone may be shared with the old object and frozen: who changes a part of it replaces the part.
 */
export function prepareStatus<T extends WithStatus>(
  initialStatus: (object: T) => NonNullable<T["status"]>,
): (object: T, old: T | undefined, context: WriteContext) => void {
  return (object, old, context) => {
    if (old === undefined) object.status = initialStatus(object);
    else if (context.subresource === "status") keep(object, old, "spec");
    else if (context.subresource === undefined) keep(object, old, "status");
  };
}

/** Metadata that subresources of their own may not touch, as it was. */
export function restoreMetadata(object: KubeObject, old: KubeObject): void {
  const before = ownCopy(old.metadata ?? {});
  const metadata = (object.metadata ??= {});
  for (const field of ["labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp", "generation"] as const) {
    if (before[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: before[field] });
  }
}

/** `spec` and `status` as they were, for subresources that change only a part. */
export function restoreSpecAndStatus<T extends WithStatus>(object: T, old: T): void {
  restore(object, old, "spec");
  restore(object, old, "status");
}
