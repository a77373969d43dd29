import { forbidden, notFound, type ClusterRole, type ClusterRoleBinding, type PolicyRule, type Role, type RoleBinding } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../../admission.ts";
import type { Authorizer, RequestAttributes } from "../../attributes.ts";
import { SUPERUSER_GROUP } from "../union-authorizer.ts";
import type { RbacAuthorizer } from "./rbac-authorizer.ts";
import { compactRule, missingRights, quotedList } from "./rule-covers.ts";

const RBAC_GROUP = "rbac.authorization.k8s.io";

/** Whoever sets an aggregation rule may come to hold anything, and so must hold everything. */
const FULL_AUTHORITY: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

/**
 * Keeps users from giving themselves or others more than they have: a role may only hold rights of its writer (or the
 * writer has the verb `escalate` on it), a binding may only grant a role whose rights its writer has (or the writer has
 * the verb `bind` on that role). Members of `system:masters` may do both.
 *
 * Runs among the validating plug-ins, as the last of the built-in ones; nothing switches it off.
 */
export class RbacEscalationCheck implements AdmissionPlugin {
  readonly name = "RbacEscalationCheck";
  readonly #rbac: RbacAuthorizer;
  readonly #authorizer: Authorizer;

  constructor(rbac: RbacAuthorizer, authorizer: Authorizer) {
    this.#rbac = rbac;
    this.#authorizer = authorizer;
  }

  validate(request: AdmissionRequest): void {
    if (request.kind.group !== RBAC_GROUP || request.subresource !== "") return;
    if (request.operation !== "CREATE" && request.operation !== "UPDATE") return;
    if (request.user.groups.includes(SUPERUSER_GROUP)) return;
    switch (request.kind.kind) {
      case "Role":
      case "ClusterRole":
        this.#checkRole(request);
        break;
      case "RoleBinding":
      case "ClusterRoleBinding":
        this.#checkBinding(request);
        break;
      default:
    }
  }

  #checkRole(request: AdmissionRequest): void {
    const role = request.object as Role & ClusterRole;
    const old = request.oldObject as (Role & ClusterRole) | undefined;
    if (this.#may(request, "escalate", request.kind.plural, role.metadata?.name ?? "")) return;
    const sameRules = old !== undefined && JSON.stringify(old.rules ?? []) === JSON.stringify(role.rules ?? []);
    const sameAggregation = old !== undefined && JSON.stringify(old.aggregationRule) === JSON.stringify(role.aggregationRule);
    if (sameRules && sameAggregation) return;
    if (!sameRules) this.#confirm(request, role.rules ?? []);
    if (role.aggregationRule !== undefined && !sameAggregation)
      this.#confirm(request, FULL_AUTHORITY, "must have cluster-admin privileges to use the aggregationRule");
  }

  #checkBinding(request: AdmissionRequest): void {
    const binding = request.object as RoleBinding | ClusterRoleBinding;
    const old = request.oldObject as RoleBinding | ClusterRoleBinding | undefined;
    const grantsNothingNew =
      old !== undefined && JSON.stringify([old.subjects, old.roleRef]) === JSON.stringify([binding.subjects, binding.roleRef]);
    if (grantsNothingNew) return;
    const { roleRef } = binding;
    const plural = roleRef.kind === "Role" ? "roles" : "clusterroles";
    if (this.#may(request, "bind", plural, roleRef.name)) return;
    const rules = this.#rbac.rulesOfRole(roleRef, request.namespace);
    if (rules === undefined)
      throw notFound({ group: RBAC_GROUP, kind: roleRef.kind === "Role" ? "roles" : "clusterroles", name: roleRef.name });
    this.#confirm(request, rules);
  }

  #may(request: AdmissionRequest, verb: string, resource: string, name: string): boolean {
    const attributes: RequestAttributes = {
      user: request.user,
      verb,
      group: RBAC_GROUP,
      version: "v1",
      resource,
      subresource: "",
      namespace: request.namespace,
      name,
      path: "",
      isResourceRequest: true,
    };
    return this.#authorizer.authorize(attributes).decision === "allow";
  }

  #confirm(request: AdmissionRequest, rules: readonly PolicyRule[], prefix = ""): void {
    const { user } = request;
    const owned = this.#rbac.rulesFor(user, request.namespace);
    const missing = missingRights(owned.rules, rules);
    if (missing.length === 0) return;
    const lines = [...new Set(missing.map(compactRule))].sort();
    const who = `user ${JSON.stringify(user.name)} (groups=${quotedList(user.groups)})`;
    const errors = owned.errors.length === 0 ? "" : `; resolution errors: [${owned.errors.join(" ")}]`;
    const text = `${who} is attempting to grant RBAC permissions not currently held:\n${lines.join("\n")}${errors}`;
    const subject = { group: RBAC_GROUP, kind: request.kind.plural, name: request.object?.metadata?.name };
    throw forbidden(subject, prefix === "" ? text : `${prefix}: ${text}`);
  }
}
