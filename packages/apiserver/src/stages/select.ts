import { checkFieldSelector, matchesFields, parseFieldSelector, parseSelector, type FieldRequirement } from "@skiff/api";
import type { Selection } from "../registry/selection.ts";
import type { StoredObject } from "../registry/stored-object.ts";
import type { ServedResource } from "../served-resources.ts";

/** What a list or watch is about, taken apart by where it can be told. */
interface ResolvedSelection {
  /** What can be told of objects as they are stored. */
  readonly selection: Selection;
  /** What is left to be told of the selected objects in the version of the request; absent: nothing. */
  readonly selectsServed: ((served: StoredObject) => boolean) | undefined;
}

/**
 * What a list or watch is about. Fields of a custom kind of several versions are those of the request's version: whatever
 * is stored in another one has to be converted before they can be compared.
 *
 * Errors: `BadRequest` for selectors that cannot be read and for fields that the kind cannot be selected by.
 */
export function resolveSelection(
  { kind, storage }: Pick<ServedResource, "kind" | "storage">,
  scope: { readonly namespace: string; readonly labelSelector: string; readonly fieldSelector: string },
): ResolvedSelection {
  const { namespace, labelSelector, fieldSelector } = scope;
  const fields = fieldSelector === "" ? [] : parseFieldSelector(fieldSelector);
  checkFieldSelector(kind, fields);
  const labels = labelSelector === "" ? undefined : parseSelector(labelSelector);
  const isStored = ({ field }: FieldRequirement): boolean => storage === undefined || field.startsWith("metadata.");
  const stored = fields.filter(isStored);
  const served = fields.filter((requirement) => !isStored(requirement));
  const selectsServed = served.length === 0 ? undefined : ({ object }: StoredObject) => matchesFields(kind, served, object);
  if (stored.length === 0 && (labels === undefined || labels.matchesEverything))
    return { selection: { namespace, indexed: undefined, selects: undefined }, selectsServed };
  const equality = stored.find(({ operator }) => operator === "=");
  const selection: Selection = {
    namespace,
    indexed: equality === undefined ? undefined : { field: equality.field, value: equality.value },
    selects: ({ object }) => matchesFields(kind, stored, object) && (labels === undefined || labels.matches(object.metadata?.labels)),
  };
  return { selection, selectsServed };
}
