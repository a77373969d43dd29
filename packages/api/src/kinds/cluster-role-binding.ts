import { roleBindingColumns } from "../columns/access-columns.ts";
import { setRoleBindingDefaults } from "../defaults/rbac-defaults.ts";
import type { ClusterRoleBinding } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { removedClusterRoleBindingVersions } from "../removed/access-versions.ts";
import { validateClusterRoleBinding } from "../validation/rbac-validation.ts";

/** Gives a ClusterRole to subjects, cluster-wide. */
export const clusterRoleBindingKind = defineKind<ClusterRoleBinding>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  singular: "clusterrolebinding",
  namespaced: false,
  schema: "io.k8s.api.rbac.v1.ClusterRoleBinding",
  removedVersions: removedClusterRoleBindingVersions,
  nameRule: "path-segment",
  allowCreateOnUpdate: true,
  applyDefaults: setRoleBindingDefaults,
  validate: validateClusterRoleBinding,
  columns: roleBindingColumns,
});
