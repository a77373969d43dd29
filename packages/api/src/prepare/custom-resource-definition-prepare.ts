import type { CustomResourceDefinition, CustomResourceDefinitionStatus } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { prepareStatus, restoreMetadata } from "./status-prepare.ts";

/** A new definition has stored nothing but its storage version. */
function initialStatus(definition: CustomResourceDefinition): CustomResourceDefinitionStatus {
  const stored = definition.spec?.versions?.find((version) => version.storage);
  return stored === undefined ? {} : { storedVersions: [stored.name] };
}

const prepareObjectOrStatus = prepareStatus<CustomResourceDefinition>(initialStatus);

/** What clients may not set on definitions; a version that becomes the stored one is remembered for good. */
export function prepareCustomResourceDefinition(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  context: WriteContext,
): void {
  prepareObjectOrStatus(definition, old, context);
  if (old === undefined) return;
  if (context.subresource === "status") {
    restoreMetadata(definition, old);
    return;
  }
  const stored = definition.spec?.versions?.find((version) => version.storage)?.name;
  const { status = {} } = definition;
  if (stored !== undefined && !status.storedVersions?.includes(stored)) {
    definition.status = { ...status, storedVersions: [...(status.storedVersions ?? []), stored] };
  }
}
