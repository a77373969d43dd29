import { type FieldError, invalidValue, notSupported, required } from "../field-error.ts";
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Subject, Role, RoleBinding } from "../generated/types.ts";
import { validateLabelSelector } from "./labels.ts";
import { checkDnsLabel, checkDnsSubdomain, checkPathSegment } from "./names.ts";
import { immutable, invalidEach } from "./field-checks.ts";

const RBAC_GROUP = "rbac.authorization.k8s.io";

function validateRule(rule: PolicyRule, namespaced: boolean, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { verbs = [], nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule as Partial<PolicyRule>;
  if (verbs.length === 0) errors.push(required(`${field}.verbs`, "verbs must contain at least one value"));
  if (nonResourceURLs.length > 0) {
    if (namespaced)
      errors.push(invalidValue(`${field}.nonResourceURLs`, nonResourceURLs, "namespaced rules cannot apply to non-resource URLs"));
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      errors.push(
        invalidValue(`${field}.nonResourceURLs`, nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs"),
      );
    }
    return errors;
  }
  if (apiGroups.length === 0) errors.push(required(`${field}.apiGroups`, "resource rules must supply at least one api group"));
  if (resources.length === 0) errors.push(required(`${field}.resources`, "resource rules must supply at least one resource"));
  return errors;
}

/** Everything that is wrong with a Role. */
export function validateRole(role: Role): FieldError[] {
  return (role.rules ?? []).flatMap((rule, index) => validateRule(rule, true, `rules[${index}]`));
}

/** Everything that is wrong with a ClusterRole. */
export function validateClusterRole(role: ClusterRole): FieldError[] {
  const errors = (role.rules ?? []).flatMap((rule, index) => validateRule(rule, false, `rules[${index}]`));
  if (!role.aggregationRule) return errors;
  const selectors = role.aggregationRule.clusterRoleSelectors ?? [];
  const field = "aggregationRule.clusterRoleSelectors";
  if (selectors.length === 0) errors.push(required(field, "at least one clusterRoleSelector required if aggregationRule is non-nil"));
  return [...errors, ...selectors.flatMap((selector, index) => validateLabelSelector(selector, `${field}[${index}]`))];
}

function validateSubject(subject: Subject, needsNamespace: boolean, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { kind, name = "", apiGroup = "", namespace = "" } = subject as Partial<Subject>;
  if (!name) errors.push(required(`${field}.name`));
  switch (kind) {
    case "ServiceAccount":
      if (name) errors.push(...invalidEach(`${field}.name`, name, checkDnsSubdomain(name)));
      if (apiGroup) errors.push(notSupported(`${field}.apiGroup`, apiGroup, [""]));
      if (!namespace) {
        if (needsNamespace) errors.push(required(`${field}.namespace`));
      } else errors.push(...invalidEach(`${field}.namespace`, namespace, checkDnsLabel(namespace)));
      break;
    case "User":
    case "Group":
      if (apiGroup !== RBAC_GROUP) errors.push(notSupported(`${field}.apiGroup`, apiGroup, [RBAC_GROUP]));
      break;
    default:
      errors.push(notSupported(`${field}.kind`, kind ?? "", ["ServiceAccount", "User", "Group"]));
  }
  return errors;
}

function validateBinding(
  binding: RoleBinding | ClusterRoleBinding,
  old: RoleBinding | ClusterRoleBinding | undefined,
  kinds: readonly string[],
  needsNamespace: boolean,
): FieldError[] {
  const { apiGroup = "", kind = "", name = "" } = (binding.roleRef ?? {}) as Partial<RoleBinding["roleRef"]>;
  const errors: FieldError[] = [];
  if (apiGroup !== RBAC_GROUP) errors.push(notSupported("roleRef.apiGroup", apiGroup, [RBAC_GROUP]));
  if (!kinds.includes(kind)) errors.push(notSupported("roleRef.kind", kind, kinds));
  if (!name) errors.push(required("roleRef.name"));
  else errors.push(...invalidEach("roleRef.name", name, checkPathSegment(name)));
  for (const [index, subject] of (binding.subjects ?? []).entries())
    errors.push(...validateSubject(subject, needsNamespace, `subjects[${index}]`));
  if (old === undefined) return errors;
  return immutable("roleRef", binding.roleRef, old.roleRef)
    .map((error) => ({ ...error, message: error.message.replace(/field is immutable$/, "cannot change roleRef") }))
    .concat(errors);
}

/** Everything that is wrong with a RoleBinding. */
export function validateRoleBinding(binding: RoleBinding, old: RoleBinding | undefined): FieldError[] {
  return validateBinding(binding, old, ["Role", "ClusterRole"], false);
}

/** Everything that is wrong with a ClusterRoleBinding. */
export function validateClusterRoleBinding(binding: ClusterRoleBinding, old: ClusterRoleBinding | undefined): FieldError[] {
  return validateBinding(binding, old, ["ClusterRole"], true);
}
