import type { APIService, APIServiceSpec, CustomResourceDefinition, CustomResourceDefinitionSpec } from "../generated/types.ts";

/** What a CustomResourceDefinition leaves out, in place. */
export function setCustomResourceDefinitionDefaults(definition: CustomResourceDefinition): void {
  definition.spec ??= {} as CustomResourceDefinitionSpec;
  definition.status ??= {};
  const { spec, status } = definition;
  if (spec.names) {
    spec.names.singular ||= (spec.names.kind ?? "").toLowerCase();
    if (spec.names.kind) spec.names.listKind ||= `${spec.names.kind}List`;
  }
  spec.conversion ??= { strategy: "None" };
  if (spec.conversion.webhook?.clientConfig?.service) spec.conversion.webhook.clientConfig.service.port ??= 443;
  if ((status.storedVersions ?? []).length === 0) {
    const stored = spec.versions?.find((version) => version.storage);
    if (stored !== undefined) status.storedVersions = [stored.name];
  }
}

/** What an APIService leaves out, in place. */
export function setApiServiceDefaults(service: APIService): void {
  service.spec ??= {} as APIServiceSpec;
  service.status ??= {};
  if (service.spec.service) service.spec.service.port ??= 443;
}
