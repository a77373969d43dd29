import {
  invalid,
  validateObjectMeta,
  validateObjectMetaUpdate,
  type FieldError,
  type KindDefinition,
  type KubeObject,
  type WriteContext,
} from "@skiff/api";

/** Errors: `Invalid` with everything that is wrong with the object. */
export function validate(kind: KindDefinition, object: KubeObject, old: KubeObject | undefined, context: WriteContext): void {
  const metadata: FieldError[] = old === undefined ? validateObjectMeta(kind, object) : validateObjectMetaUpdate(object, old);
  const errors = [...metadata, ...(kind.validate?.(object, old, context) ?? [])];
  if (errors.length === 0) return;
  throw invalid({ group: kind.group, kind: kind.kind, name: object.metadata?.name ?? "" }, errors);
}
