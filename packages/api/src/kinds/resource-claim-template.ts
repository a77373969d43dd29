import { setResourceClaimTemplateDefaults } from "../defaults/resource-defaults.ts";
import type { ResourceClaimTemplate } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateResourceClaimTemplate } from "../validation/device-validation.ts";

/** From which a ResourceClaim per Pod is made. */
export const resourceClaimTemplateKind = defineKind<ResourceClaimTemplate>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceClaimTemplate",
  plural: "resourceclaimtemplates",
  singular: "resourceclaimtemplate",
  namespaced: true,
  schema: "io.k8s.api.resource.v1.ResourceClaimTemplate",
  applyDefaults: setResourceClaimTemplateDefaults,
  validate: validateResourceClaimTemplate,
});
