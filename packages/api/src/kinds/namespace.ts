import { namespaceColumns } from "../columns/cluster-columns.ts";
import { setNamespaceDefaults } from "../defaults/core-defaults.ts";
import type { Namespace } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareNamespace } from "../prepare/namespace-prepare.ts";
import { validateNamespace } from "../validation/node-validation.ts";

/** A scope for names. There is no collection delete, as upstream has none. */
export const namespaceKind = defineKind<Namespace>({
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  singular: "namespace",
  namespaced: false,
  shortNames: ["ns"],
  schema: "io.k8s.api.core.v1.Namespace",
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  nameRule: "dns-label",
  statusSubresource: true,
  subresources: ["finalize"],
  applyDefaults: setNamespaceDefaults,
  prepare: prepareNamespace,
  validate: validateNamespace,
  columns: namespaceColumns,
  fieldSelectors: {
    "status.phase": (namespace) => namespace.status?.phase ?? "",
    name: (namespace) => namespace.metadata?.name ?? "",
  },
});
