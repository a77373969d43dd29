import { roleBindingColumns } from "../columns/access-columns.ts";
import { setRoleBindingDefaults } from "../defaults/rbac-defaults.ts";
import type { RoleBinding } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { removedRoleBindingVersions } from "../removed/access-versions.ts";
import { validateRoleBinding } from "../validation/rbac-validation.ts";

/** Gives a role to subjects in a namespace. */
export const roleBindingKind = defineKind<RoleBinding>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "RoleBinding",
  plural: "rolebindings",
  singular: "rolebinding",
  namespaced: true,
  schema: "io.k8s.api.rbac.v1.RoleBinding",
  removedVersions: removedRoleBindingVersions,
  nameRule: "path-segment",
  allowCreateOnUpdate: true,
  applyDefaults: setRoleBindingDefaults,
  validate: validateRoleBinding,
  columns: roleBindingColumns,
});
