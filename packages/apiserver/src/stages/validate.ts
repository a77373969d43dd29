import { invalid, validateObjectMeta, validateObjectMetaUpdate, type FieldError, type KubeObject, type WriteContext } from "@skiff/api";
import type { ServedResource } from "../served-resources.ts";

/** Errors: `Invalid` with everything that is wrong with the object, with the field paths of the version that the client speaks. */
export function validate(
  { kind, conversion }: ServedResource,
  object: KubeObject,
  old: KubeObject | undefined,
  context: WriteContext,
): void {
  const metadata: FieldError[] = old === undefined ? validateObjectMeta(kind, object) : validateObjectMetaUpdate(object, old);
  const errors = [...metadata, ...(kind.validate?.(object, old, context) ?? [])];
  if (errors.length === 0) return;
  const fieldPath = conversion?.fieldPath ?? ((path: string) => path);
  throw invalid(
    { group: kind.group, kind: kind.kind, name: object.metadata?.name ?? "" },
    errors.map((error) => ({ ...error, field: fieldPath(error.field) })),
  );
}

/** What the kind may ask about the request; `subresource` is empty for the object itself. */
export function writeContextOf({ conversion }: ServedResource, operation: WriteContext["operation"], subresource = ""): WriteContext {
  const { allows } = conversion ?? {};
  return { operation, ...(subresource === "" ? {} : { subresource }), ...(allows === undefined ? {} : { allows }) };
}
