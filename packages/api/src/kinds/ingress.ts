import { ingressColumns } from "../columns/network-columns.ts";
import { setIngressDefaults } from "../defaults/networking-defaults.ts";
import type { Ingress } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { removedIngressVersions } from "../removed/ingress-versions.ts";
import { validateIngress } from "../validation/networking-validation.ts";
import { ingressWarnings } from "../warnings/object-warnings.ts";

/** HTTP routes into the cluster. */
export const ingressKind = defineKind<Ingress>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  singular: "ingress",
  namespaced: true,
  shortNames: ["ing"],
  schema: "io.k8s.api.networking.v1.Ingress",
  removedVersions: removedIngressVersions,
  generation: true,
  statusSubresource: true,
  applyDefaults: setIngressDefaults,
  prepare: prepareStatus(() => ({ loadBalancer: {} })),
  validate: validateIngress,
  columns: ingressColumns,
  warnings: ingressWarnings,
});
