import type { RoleBinding, Subject } from "../generated/types.ts";
import type { KindVersion } from "../kind.ts";
import type { KubeObject } from "../object.ts";
import { apiVersionOf, parseApiVersion } from "../resource.ts";
import { removedVersion } from "./removed-version.ts";

const GROUP = "rbac.authorization.k8s.io";

/** A subject of v1alpha1: with the version of its kind instead of the group. */
type AlphaSubject = Omit<Subject, "apiGroup"> & { apiVersion?: string };

function withSubjects(object: KubeObject, convert: (subject: Subject & AlphaSubject) => Subject | AlphaSubject): KubeObject {
  const binding = object as RoleBinding;
  return binding.subjects === undefined ? binding : ({ ...binding, subjects: binding.subjects.map(convert) } as KubeObject);
}

/** Before groups had names of their own, `*` stood for every user who had been authenticated. */
function subjectToStored({ apiVersion = "", ...subject }: AlphaSubject): Subject {
  const apiGroup = parseApiVersion(apiVersion).group;
  if (apiGroup === GROUP && subject.kind === "User" && subject.name === "*") {
    return { ...subject, kind: "Group", name: "system:authenticated", apiGroup };
  }
  return apiGroup === "" ? subject : { ...subject, apiGroup };
}

function subjectFromStored({ apiGroup = "", ...subject }: Subject): AlphaSubject {
  return { ...subject, apiVersion: apiGroup === "" ? "v1" : apiVersionOf({ group: apiGroup, version: "v1alpha1" }) };
}

function setAlphaSubjectVersions(object: KubeObject): void {
  for (const subject of ((object as RoleBinding).subjects ?? []) as AlphaSubject[]) {
    subject.apiVersion ||= subject.kind === "ServiceAccount" ? "v1" : `${GROUP}/v1alpha1`;
  }
}

const beta = { group: GROUP, version: "v1beta1", deprecatedIn: 17, removedIn: 22 } as const;
const alpha = { ...beta, version: "v1alpha1" } as const;

function roleVersions(kind: string): readonly KindVersion[] {
  return [removedVersion({ ...beta, kind }), removedVersion({ ...alpha, kind })];
}

function bindingVersions(kind: string): readonly KindVersion[] {
  const subjects = {
    toStored: (object: KubeObject) => withSubjects(object, subjectToStored),
    fromStored: (object: KubeObject) => withSubjects(object, subjectFromStored),
    applyDefaults: setAlphaSubjectVersions,
  };
  return [removedVersion({ ...beta, kind }), removedVersion({ ...alpha, kind, ...subjects })];
}

/** The versions of Roles before `rbac.authorization.k8s.io/v1`. */
export const removedRoleVersions = roleVersions("Role");
/** The versions of ClusterRoles before v1. */
export const removedClusterRoleVersions = roleVersions("ClusterRole");
/** The versions of RoleBindings before v1; v1alpha1 knew subjects by version instead of group. */
export const removedRoleBindingVersions = bindingVersions("RoleBinding");
/** The versions of ClusterRoleBindings before v1. */
export const removedClusterRoleBindingVersions = bindingVersions("ClusterRoleBinding");
