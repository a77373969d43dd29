import type { ClusterRoleBinding, RoleBinding } from "../generated/types.ts";

const RBAC_GROUP = "rbac.authorization.k8s.io";

/** The groups of a binding's role and subjects, in place: users and groups belong to RBAC, accounts to the core. */
export function setRoleBindingDefaults(binding: RoleBinding | ClusterRoleBinding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= RBAC_GROUP;
  for (const subject of binding.subjects ?? []) {
    if (!subject.apiGroup && (subject.kind === "User" || subject.kind === "Group")) subject.apiGroup = RBAC_GROUP;
  }
}
