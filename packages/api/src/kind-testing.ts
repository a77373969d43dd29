import type { KindDefinition, WriteContext } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./validation/object-meta.ts";

/** What becomes of an object on its way to the store, as the API server would do it. */
interface Admitted<T> {
  readonly object: T;
  /** `field: message` of everything that is wrong. */
  readonly refusals: string[];
  readonly warnings: string[];
}

/**
 * Takes an object through defaults, preparation and validation. Missing names, namespaces and versions are filled in.
 * `object` and `old` are left alone.
 */
export function admit<T extends KubeObject>(kind: KindDefinition<T>, object: T, old?: T, subresource?: string): Admitted<T> {
  const copy = structuredClone(object);
  copy.metadata = { name: "test", ...(kind.namespaced ? { namespace: "default" } : {}), ...copy.metadata };
  if (old !== undefined) copy.metadata.resourceVersion ??= "1";
  copy.metadata.uid ??= "00000000-0000-4000-8000-000000000000";
  const context: WriteContext = {
    operation: old === undefined ? "CREATE" : "UPDATE",
    ...(subresource === undefined ? {} : { subresource }),
  };
  kind.applyDefaults?.(copy);
  kind.prepare?.(copy, old, context);
  const metadata = old === undefined ? validateObjectMeta(kind as unknown as KindDefinition, copy) : validateObjectMetaUpdate(copy, old);
  const errors = [...metadata, ...(kind.validate?.(copy, old, context) ?? [])];
  return { object: copy, refusals: errors.map((error) => `${error.field}: ${error.message}`), warnings: kind.warnings?.(copy, old) ?? [] };
}

/** An object as it would be stored; throws when it would be refused. */
export function stored<T extends KubeObject>(kind: KindDefinition<T>, object: T): T {
  const admitted = admit(kind, object);
  if (admitted.refusals.length > 0) throw new Error(`refused: ${admitted.refusals.join("; ")}`);
  return admitted.object;
}
