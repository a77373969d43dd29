import { serviceCidrColumns } from "../columns/network-columns.ts";
import { setServiceCidrDefaults } from "../defaults/networking-defaults.ts";
import type { ServiceCIDR } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validateServiceCidr } from "../validation/networking-validation.ts";

/** A range from which Services get addresses. */
export const serviceCIDRKind = defineKind<ServiceCIDR>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "ServiceCIDR",
  plural: "servicecidrs",
  singular: "servicecidr",
  namespaced: false,
  schema: "io.k8s.api.networking.v1.ServiceCIDR",
  statusSubresource: true,
  applyDefaults: setServiceCidrDefaults,
  prepare: prepareStatus(() => ({})),
  validate: validateServiceCidr,
  columns: serviceCidrColumns,
});
