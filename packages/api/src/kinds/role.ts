import { createdAtColumn } from "../columns/common-columns.ts";
import type { Role } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { removedRoleVersions } from "../removed/access-versions.ts";
import { validateRole } from "../validation/rbac-validation.ts";

/** Permissions in a namespace. */
export const roleKind = defineKind<Role>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  plural: "roles",
  singular: "role",
  namespaced: true,
  schema: "io.k8s.api.rbac.v1.Role",
  removedVersions: removedRoleVersions,
  nameRule: "path-segment",
  allowCreateOnUpdate: true,
  validate: validateRole,
  columns: [createdAtColumn],
});
