import { resourceClaimColumns } from "../columns/access-columns.ts";
import { setResourceClaimDefaults } from "../defaults/resource-defaults.ts";
import type { ResourceClaim } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validateResourceClaim } from "../validation/device-validation.ts";

/** A request for devices. */
export const resourceClaimKind = defineKind<ResourceClaim>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceClaim",
  plural: "resourceclaims",
  singular: "resourceclaim",
  namespaced: true,
  schema: "io.k8s.api.resource.v1.ResourceClaim",
  statusSubresource: true,
  applyDefaults: setResourceClaimDefaults,
  prepare: prepareStatus(() => ({})),
  validate: validateResourceClaim,
  columns: resourceClaimColumns,
});
