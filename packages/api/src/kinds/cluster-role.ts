import { createdAtColumn } from "../columns/common-columns.ts";
import type { ClusterRole } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { removedClusterRoleVersions } from "../removed/access-versions.ts";
import { validateClusterRole } from "../validation/rbac-validation.ts";

/** Permissions, cluster-wide. */
export const clusterRoleKind = defineKind<ClusterRole>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  singular: "clusterrole",
  namespaced: false,
  schema: "io.k8s.api.rbac.v1.ClusterRole",
  removedVersions: removedClusterRoleVersions,
  nameRule: "path-segment",
  allowCreateOnUpdate: true,
  validate: validateClusterRole,
  columns: [createdAtColumn],
});
