import { immutableMetadata } from "./validate-metadata.ts";
import { invalid, type FieldError, type KindDefinition, type KubeObject, type WriteContext } from "@skiff/api";
import { checkMetadata } from "./validate-metadata.ts";

/** Errors: `Invalid` with everything that is wrong with the object. */
export function validate(kind: KindDefinition, object: KubeObject, old: KubeObject | undefined, context: WriteContext): void {
  const errors: FieldError[] = [...checkMetadata(kind, object)];
  if (old !== undefined) errors.push(...immutableMetadata(object, old));
  errors.push(...(kind.validate?.(object, old, context) ?? []));
  if (errors.length === 0) return;
  throw invalid({ group: kind.group, kind: kind.kind, name: object.metadata?.name ?? "" }, errors);
}
