import { networkPolicyColumns } from "../columns/network-columns.ts";
import { setNetworkPolicyDefaults } from "../defaults/networking-defaults.ts";
import type { NetworkPolicy } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { removedNetworkPolicyVersions } from "../removed/renamed-versions.ts";
import { validateNetworkPolicy } from "../validation/networking-validation.ts";

/** Which traffic Pods may have. */
export const networkPolicyKind = defineKind<NetworkPolicy>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  singular: "networkpolicy",
  namespaced: true,
  shortNames: ["netpol"],
  schema: "io.k8s.api.networking.v1.NetworkPolicy",
  removedVersions: removedNetworkPolicyVersions,
  generation: true,
  applyDefaults: setNetworkPolicyDefaults,
  validate: validateNetworkPolicy,
  columns: networkPolicyColumns,
});
