import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "@skiff/api";
import { CLUSTER_ROLES } from "./cluster-roles.ts";
import { CONTROLLER_RULES } from "./controller-roles.ts";
import { EVENTS, clusterRole, clusterRoleBinding, role, roleBinding, rule } from "./policy-notation.ts";

/** Roles and bindings that every cluster starts with. */
export interface BootstrapPolicy {
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
}

const PREFIX = "system:controller:";
const SYSTEM = "kube-system";
const PUBLIC = "kube-public";

const ROLES: readonly Role[] = [
  role(SYSTEM, "extension-apiserver-authentication-reader", [rule("read", "core", "configmaps", ["extension-apiserver-authentication"])]),
  role(SYSTEM, `${PREFIX}bootstrap-signer`, [rule("read", "core", "secrets")]),
  role(SYSTEM, `${PREFIX}cloud-provider`, [rule("create get list watch", "core", "configmaps")]),
  role(SYSTEM, `${PREFIX}token-cleaner`, [rule("delete get list watch", "core", "secrets"), EVENTS]),
  role(SYSTEM, "system::leader-locking-kube-controller-manager", [
    rule("watch", "core", "configmaps"),
    rule("get update", "core", "configmaps", ["kube-controller-manager"]),
  ]),
  role(SYSTEM, "system::leader-locking-kube-scheduler", [
    rule("watch", "core", "configmaps"),
    rule("get update", "core", "configmaps", ["kube-scheduler"]),
  ]),
  role(PUBLIC, `${PREFIX}bootstrap-signer`, [
    rule("read", "core", "configmaps"),
    rule("update", "core", "configmaps", ["cluster-info"]),
    EVENTS,
  ]),
];

const ROLE_BINDINGS: readonly RoleBinding[] = [
  roleBinding(
    SYSTEM,
    "extension-apiserver-authentication-reader",
    ["user:system:kube-controller-manager", "user:system:kube-scheduler"],
    "system::extension-apiserver-authentication-reader",
  ),
  roleBinding(SYSTEM, "system::leader-locking-kube-controller-manager", [
    "user:system:kube-controller-manager",
    "serviceaccount:kube-system:kube-controller-manager",
  ]),
  roleBinding(SYSTEM, "system::leader-locking-kube-scheduler", ["user:system:kube-scheduler", "serviceaccount:kube-system:kube-scheduler"]),
  roleBinding(SYSTEM, `${PREFIX}bootstrap-signer`, ["serviceaccount:kube-system:bootstrap-signer"]),
  roleBinding(SYSTEM, `${PREFIX}cloud-provider`, ["serviceaccount:kube-system:cloud-provider"]),
  roleBinding(SYSTEM, `${PREFIX}token-cleaner`, ["serviceaccount:kube-system:token-cleaner"]),
  roleBinding(PUBLIC, `${PREFIX}bootstrap-signer`, ["serviceaccount:kube-system:bootstrap-signer"]),
];

/** Upstream's default policy. */
export const DEFAULT_POLICY: BootstrapPolicy = {
  clusterRoles: [...CLUSTER_ROLES, ...Object.entries(CONTROLLER_RULES).map(([name, rules]) => clusterRole(`${PREFIX}${name}`, rules))],
  clusterRoleBindings: [
    clusterRoleBinding("cluster-admin", ["group:system:masters"]),
    clusterRoleBinding("system:monitoring", ["group:system:monitoring"]),
    clusterRoleBinding("system:discovery", ["group:system:authenticated"]),
    clusterRoleBinding("system:basic-user", ["group:system:authenticated"]),
    clusterRoleBinding("system:public-info-viewer", ["group:system:authenticated", "group:system:unauthenticated"]),
    clusterRoleBinding("system:node-proxier", ["user:system:kube-proxy"]),
    clusterRoleBinding("system:kube-controller-manager", ["user:system:kube-controller-manager"]),
    clusterRoleBinding("system:kube-dns", ["serviceaccount:kube-system:kube-dns"]),
    clusterRoleBinding("system:kube-scheduler", ["user:system:kube-scheduler"]),
    clusterRoleBinding("system:volume-scheduler", ["user:system:kube-scheduler"]),
    clusterRoleBinding("system:node", []),
    clusterRoleBinding("system:service-account-issuer-discovery", ["group:system:serviceaccounts"]),
    ...Object.keys(CONTROLLER_RULES).map((name) => clusterRoleBinding(`${PREFIX}${name}`, [`serviceaccount:kube-system:${name}`])),
  ],
  roles: ROLES,
  roleBindings: ROLE_BINDINGS,
};
