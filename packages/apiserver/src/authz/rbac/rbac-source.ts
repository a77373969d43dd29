import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "@skiff/api";
import type { ObjectReader } from "../../object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";

/**
 * Where RBAC reads its objects: the API server's caches.
 *
 * Guarantees wanted: synchronous; what a write put there is seen by the next call after the write was answered.
 */
export interface RbacSource {
  role(namespace: string, name: string): Role | undefined;
  clusterRole(name: string): ClusterRole | undefined;
  roleBindings(namespace: string): readonly RoleBinding[];
  clusterRoleBindings(): readonly ClusterRoleBinding[];
  /**
   * Calls `listener` after each change of one of the four kinds, with the namespace of the object (`undefined` for the
   * two cluster-wide kinds). Answers how to stop.
   */
  onChange(listener: (namespace: string | undefined) => void): () => void;
}

/** A source on top of a reader; `onChange` is the source's, for the four kinds of `rbac.authorization.k8s.io`. */
export function rbacSourceOf(reader: ObjectReader, onChange: RbacSource["onChange"]): RbacSource {
  return {
    role: (namespace, name) => reader.get(RESOURCES.roles, namespace, name),
    clusterRole: (name) => reader.get(RESOURCES.clusterRoles, undefined, name),
    roleBindings: (namespace) => reader.list(RESOURCES.roleBindings, namespace),
    clusterRoleBindings: () => reader.list(RESOURCES.clusterRoleBindings),
    onChange,
  };
}
