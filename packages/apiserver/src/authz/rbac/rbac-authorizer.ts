import type { ClusterRoleBinding, PolicyRule, RoleBinding, RoleRef } from "@skiff/api";
import type { AuthorizationDecision, Authorizer, RequestAttributes } from "../../attributes.ts";
import type { UserInfo } from "../../user.ts";
import type { RbacSource } from "./rbac-source.ts";
import { SubjectIndex, type Grant, type IndexedBinding } from "./subject-index.ts";

/** Indexes of this many namespaces are kept; past it the one built longest ago is dropped and built again when asked for. */
const MAX_NAMESPACE_INDEXES = 1000;

/** The rules that a user has, and what stood in the way of finding all of them. */
interface UserRules {
  readonly rules: readonly PolicyRule[];
  /** For example `clusterrole.rbac.authorization.k8s.io "x" not found`. */
  readonly errors: readonly string[];
}

/**
 * Role-based access control. Never denies, only allows or has no opinion.
 *
 * Guarantees: a decision looks only at the bindings of the user and its groups; it sees every change that the source
 * has told of.
 */
export class RbacAuthorizer implements Authorizer {
  readonly #source: RbacSource;
  #cluster: SubjectIndex | undefined;
  readonly #namespaces = new Map<string, SubjectIndex>();

  constructor(source: RbacSource) {
    this.#source = source;
    source.onChange((namespace) => {
      if (namespace !== undefined) {
        this.#namespaces.delete(namespace);
        return;
      }
      // RoleBindings refer to ClusterRoles too, so a cluster-wide change concerns every namespace.
      this.#cluster = undefined;
      this.#namespaces.clear();
    });
  }

  authorize(attributes: RequestAttributes): AuthorizationDecision {
    const errors: string[] = [];
    for (const grant of this.#grants(attributes.user, attributes.namespace)) {
      if (grant.binding.rules === undefined) errors.push(missingRole(grant.binding));
      for (const rule of grant.rules) if (rule.matches(attributes)) return { decision: "allow", reason: allowedBy(grant) };
    }
    return errors.length === 0 ? { decision: "noOpinion" } : { decision: "noOpinion", reason: `RBAC: ${aggregate(errors)}` };
  }

  /** Every rule that applies to the user in `namespace` (empty: cluster-wide ones only). */
  rulesFor(user: UserInfo, namespace: string): UserRules {
    const rules: PolicyRule[] = [];
    const errors: string[] = [];
    for (const { binding } of this.#grants(user, namespace)) {
      if (binding.rules === undefined) errors.push(missingRole(binding));
      else rules.push(...binding.rules);
    }
    return { rules, errors };
  }

  /** The rules of the role that a binding in `namespace` refers to; `undefined` when there is no such role. */
  rulesOfRole(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const role =
      roleRef.kind === "Role"
        ? this.#source.role(namespace, roleRef.name)
        : roleRef.kind === "ClusterRole"
          ? this.#source.clusterRole(roleRef.name)
          : undefined;
    return role === undefined ? undefined : (role.rules ?? []);
  }

  *#grants(user: UserInfo, namespace: string): Generator<Grant, void, undefined> {
    this.#cluster ??= new SubjectIndex(this.#source.clusterRoleBindings().map((binding) => this.#indexed(binding, "ClusterRoleBinding")));
    yield* this.#cluster.grantsTo(user);
    if (namespace !== "") yield* this.#namespaceIndex(namespace).grantsTo(user);
  }

  #namespaceIndex(namespace: string): SubjectIndex {
    let index = this.#namespaces.get(namespace);
    if (index === undefined) {
      index = new SubjectIndex(this.#source.roleBindings(namespace).map((binding) => this.#indexed(binding, "RoleBinding")));
      if (this.#namespaces.size >= MAX_NAMESPACE_INDEXES) this.#namespaces.delete(this.#namespaces.keys().next().value ?? "");
      this.#namespaces.set(namespace, index);
    }
    return index;
  }

  #indexed(binding: ClusterRoleBinding | RoleBinding, kind: IndexedBinding["kind"]): IndexedBinding {
    const { name = "", namespace = "" } = binding.metadata ?? {};
    const { roleRef, subjects = [] } = binding;
    return { kind, name, namespace, roleRef, subjects, rules: this.rulesOfRole(roleRef, namespace) };
  }
}

function missingRole({ roleRef }: IndexedBinding): string {
  return `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io "${roleRef.name}" not found`;
}

/** Several errors as upstream prints them: one as it is, more in brackets, each once. */
function aggregate(errors: readonly string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length === 1 ? (distinct[0] ?? "") : `[${distinct.join(", ")}]`;
}

function allowedBy({ binding, subject }: Grant): string {
  const { kind, name, namespace, roleRef } = binding;
  const where = namespace === "" ? name : `${name}/${namespace}`;
  const who = subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  return `RBAC: allowed by ${kind} "${where}" of ${roleRef.kind} "${roleRef.name}" to ${subject.kind} "${who}"`;
}
