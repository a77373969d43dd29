import { ingressClassColumns } from "../columns/network-columns.ts";
import { setIngressClassDefaults } from "../defaults/networking-defaults.ts";
import type { IngressClass } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { removedIngressClassVersions } from "../removed/renamed-versions.ts";
import { validateIngressClass } from "../validation/networking-validation.ts";

/** Which controller serves an Ingress. */
export const ingressClassKind = defineKind<IngressClass>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  singular: "ingressclass",
  namespaced: false,
  schema: "io.k8s.api.networking.v1.IngressClass",
  removedVersions: removedIngressClassVersions,
  generation: true,
  applyDefaults: setIngressClassDefaults,
  validate: validateIngressClass,
  columns: ingressClassColumns,
});
