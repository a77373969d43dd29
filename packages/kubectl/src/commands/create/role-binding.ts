import type { JsonValue } from "@skiff/api";
import type { FlagDefinitions } from "../../flags.ts";
import { KubectlError } from "../../kubectl-error.ts";
import type { Session } from "../../session.ts";
import { text, array, required } from "./flag-definitions.ts";
import { generator } from "./generator.ts";

function subjects({ flags }: Session): JsonValue[] {
  const of =
    (kind: string) =>
    (name: string): JsonValue => ({ apiGroup: "rbac.authorization.k8s.io", kind, name });
  const accounts = flags.list("serviceaccount").map((account): JsonValue => {
    const [namespace = "", name, ...more] = account.split(":");
    if (name === undefined || more.length > 0 || name === "") throw new KubectlError(`serviceaccount must be <namespace>:<name>`);
    return { kind: "ServiceAccount", name, namespace };
  });
  return [...flags.list("user").map(of("User")), ...flags.list("group").map(of("Group")), ...accounts];
}

const SUBJECT_FLAGS: FlagDefinitions = {
  clusterrole: text("ClusterRole this RoleBinding should reference"),
  user: array("Usernames to bind to the role."),
  group: array("Groups to bind to the role."),
  serviceaccount: array("Service accounts to bind to the role, in the format <namespace>:<name>."),
};

/** `kubectl create rolebinding`. */
export const roleBinding = generator(
  "rolebinding",
  "Create a role binding for a particular role or cluster role",
  { ...SUBJECT_FLAGS, role: text("Role this RoleBinding should reference") },
  (session, name) => {
    const { flags } = session;
    if (flags.has("role") === flags.has("clusterrole")) throw new KubectlError("exactly one of clusterrole or role must be specified");
    const roleRef = {
      apiGroup: "rbac.authorization.k8s.io",
      kind: flags.has("role") ? "Role" : "ClusterRole",
      name: flags.text("role") || flags.text("clusterrole"),
    };
    return { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: { name }, roleRef, subjects: subjects(session) };
  },
);

/** `kubectl create clusterrolebinding`. */
export const clusterRoleBinding = generator(
  "clusterrolebinding",
  "Create a cluster role binding for a particular cluster role",
  SUBJECT_FLAGS,
  (session, name) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: required(session.flags, "clusterrole") },
    subjects: subjects(session),
  }),
);
