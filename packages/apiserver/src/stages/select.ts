import { checkFieldSelector, parseFieldSelector, parseSelector, selectedField, type KindDefinition } from "@skiff/api";
import type { Selection } from "../registry/selection.ts";
import type { StoredObject } from "../registry/stored-object.ts";

/**
 * What a list or watch is about.
 *
 * Errors: `BadRequest` for selectors that cannot be read and for fields that the kind cannot be selected by.
 */
export function resolveSelection(
  kind: KindDefinition,
  scope: { readonly namespace: string; readonly labelSelector: string; readonly fieldSelector: string },
): Selection {
  const { namespace, labelSelector, fieldSelector } = scope;
  const fields = fieldSelector === "" ? [] : parseFieldSelector(fieldSelector);
  checkFieldSelector(kind, fields);
  const labels = labelSelector === "" ? undefined : parseSelector(labelSelector);
  if (fields.length === 0 && (labels === undefined || labels.matchesEverything))
    return { namespace, indexed: undefined, selects: undefined };
  const equality = fields.find(({ operator }) => operator === "=");
  return {
    namespace,
    indexed: equality === undefined ? undefined : { field: equality.field, value: equality.value },
    selects: ({ object }: StoredObject) => {
      for (const { field, operator, value } of fields)
        if ((selectedField(kind, object, field) === value) !== (operator === "=")) return false;
      return labels === undefined || labels.matches(object.metadata?.labels);
    },
  };
}
