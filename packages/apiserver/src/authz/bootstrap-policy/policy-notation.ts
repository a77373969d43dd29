import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from "@skiff/api";

const RBAC_API_VERSION = "rbac.authorization.k8s.io/v1";
const RBAC_GROUP = "rbac.authorization.k8s.io";

/** The label of everything that the API server itself keeps up. */
const BOOTSTRAPPING_LABEL = { "kubernetes.io/bootstrapping": "rbac-defaults" } as const;
/** `false` keeps the API server from putting the object right at its start. */
export const AUTOUPDATE_ANNOTATION = "rbac.authorization.kubernetes.io/autoupdate";

/** Verbs in short: `read`, `write` and `all` of them, or words with blanks between. */
const VERB_SETS: Readonly<Record<string, readonly string[]>> = {
  read: ["get", "list", "watch"],
  write: ["create", "delete", "deletecollection", "patch", "update"],
  all: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
};

function words(text: string): string[] {
  return text.split(" ").sort();
}

/** A rule in short; groups and resources have blanks between them, and `core` is the core group. */
export function rule(verbs: string, groups: string, resources: string, names?: readonly string[]): PolicyRule {
  return {
    verbs: [...(VERB_SETS[verbs] ?? words(verbs))],
    apiGroups: groups.split(" ").map((group) => (group === "core" ? "" : group)),
    resources: words(resources),
    ...(names === undefined ? {} : { resourceNames: [...names] }),
  };
}

/** A rule for paths that are no resources. */
export function urls(verbs: string, ...paths: readonly string[]): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: [...paths].sort() };
}

/** Everyone who reports events needs this. */
export const EVENTS = rule("create patch update", "core events.k8s.io", "events");

function metadata(name: string, labels: Readonly<Record<string, string>> = {}, namespace?: string): ClusterRole["metadata"] {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { ...BOOTSTRAPPING_LABEL, ...labels },
    annotations: { [AUTOUPDATE_ANNOTATION]: "true" },
  };
}

/** A ClusterRole of the default policy. */
export function clusterRole(name: string, rules: readonly PolicyRule[], labels?: Readonly<Record<string, string>>): ClusterRole {
  return { apiVersion: RBAC_API_VERSION, kind: "ClusterRole", metadata: metadata(name, labels), rules: [...rules] };
}

/** A ClusterRole that collects the rules of all that carry the label `aggregate-to-<to>`. */
export function aggregatedClusterRole(name: string, to: string, labels?: Readonly<Record<string, string>>): ClusterRole {
  return {
    apiVersion: RBAC_API_VERSION,
    kind: "ClusterRole",
    metadata: metadata(name, labels),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateTo(to) }] },
  };
}

/** The label by which a role becomes part of an aggregated one. */
export function aggregateTo(role: string): Record<string, string> {
  return { [`rbac.authorization.k8s.io/aggregate-to-${role}`]: "true" };
}

/** A Role of the default policy. */
export function role(namespace: string, name: string, rules: readonly PolicyRule[]): Role {
  return { apiVersion: RBAC_API_VERSION, kind: "Role", metadata: metadata(name, {}, namespace), rules: [...rules] };
}

/** `user:x`, `group:x` or `serviceaccount:namespace:name` as a subject. */
function subject(text: string): Subject {
  const [kind = "", ...rest] = text.split(":");
  const name = rest.join(":");
  if (kind === "user") return { kind: "User", apiGroup: RBAC_GROUP, name };
  if (kind === "group") return { kind: "Group", apiGroup: RBAC_GROUP, name };
  return { kind: "ServiceAccount", namespace: rest[0] ?? "", name: rest.slice(1).join(":") };
}

/** A ClusterRoleBinding of the default policy, named as its role unless `name` says otherwise. */
export function clusterRoleBinding(roleName: string, subjects: readonly string[], name = roleName): ClusterRoleBinding {
  return {
    apiVersion: RBAC_API_VERSION,
    kind: "ClusterRoleBinding",
    metadata: metadata(name),
    roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: roleName },
    ...(subjects.length > 0 ? { subjects: subjects.map(subject) } : {}),
  };
}

/** A RoleBinding of the default policy to a Role in the same namespace. */
export function roleBinding(namespace: string, roleName: string, subjects: readonly string[], name = roleName): RoleBinding {
  return {
    apiVersion: RBAC_API_VERSION,
    kind: "RoleBinding",
    metadata: metadata(name, {}, namespace),
    roleRef: { apiGroup: RBAC_GROUP, kind: "Role", name: roleName },
    subjects: subjects.map(subject),
  };
}
