import {
  badRequest,
  invalid,
  required,
  invalidValue,
  type FieldError,
  type NonResourceRule,
  type ResourceAttributes,
  type ResourceRule,
} from "@skiff/api";
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from "@skiff/api";
import type { Authorizer, RequestAttributes } from "../attributes.ts";
import type { UserInfo } from "../user.ts";
import { SUPERUSER_GROUP } from "./union-authorizer.ts";
import type { RbacAuthorizer } from "./rbac/rbac-authorizer.ts";

type Asked = Pick<SubjectAccessReviewSpec, "resourceAttributes" | "nonResourceAttributes">;

/** May that user do that? Answers the review with its status. Errors: `Invalid` when it does not say who and what. */
export function reviewSubjectAccess(authorizer: Authorizer, review: SubjectAccessReview): SubjectAccessReview {
  const errors = problemsOf(review.spec);
  if (!review.spec.user && !review.spec.groups?.length) {
    errors.push(invalidValue("spec.user", review.spec.user ?? "", "at least one of user or group must be specified"));
  }
  refuse("SubjectAccessReview", errors);
  return { ...review, status: decide(authorizer, userOf(review.spec), review.spec) };
}

/** The same for one namespace. Errors: `BadRequest` when the review names another one. */
export function reviewLocalSubjectAccess(
  authorizer: Authorizer,
  review: LocalSubjectAccessReview,
  namespace: string,
): LocalSubjectAccessReview {
  const { spec } = review;
  const errors = problemsOf(spec);
  if (spec.nonResourceAttributes)
    errors.push(invalidValue("spec.nonResourceAttributes", spec.nonResourceAttributes, "disallowed on this kind of request"));
  refuse("LocalSubjectAccessReview", errors);
  const asked = spec.resourceAttributes?.namespace ?? "";
  if (asked !== namespace) throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
  return { ...review, status: decide(authorizer, userOf(spec), spec) };
}

/** May I do that? */
export function reviewSelfSubjectAccess(authorizer: Authorizer, review: SelfSubjectAccessReview, user: UserInfo): SelfSubjectAccessReview {
  refuse("SelfSubjectAccessReview", problemsOf(review.spec));
  return { ...review, status: decide(authorizer, user, review.spec) };
}

/** Who am I? */
export function reviewSelf(review: SelfSubjectReview, user: UserInfo): SelfSubjectReview {
  return { ...review, status: { userInfo: userInfoOf(user) } };
}

/** A user as `authentication.k8s.io` shows it; empty parts are left out. */
export function userInfoOf(user: UserInfo): { username: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> } {
  const { name, uid, groups, extra } = user;
  return {
    username: name,
    ...(uid ? { uid } : {}),
    ...(groups.length > 0 ? { groups: [...groups] } : {}),
    ...(extra && Object.keys(extra).length > 0
      ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }
      : {}),
  };
}

/** What may I do in that namespace? RBAC only; the answer says that it is incomplete where other authorizers decide too. */
export function reviewSelfRules(rbac: RbacAuthorizer, review: SelfSubjectRulesReview, user: UserInfo): SelfSubjectRulesReview {
  const namespace = review.spec.namespace ?? "";
  if (namespace === "") throw badRequest("no namespace on request");
  const { rules, errors } = rbac.rulesFor(user, namespace);
  const resourceRules: ResourceRule[] = [];
  const nonResourceRules: NonResourceRule[] = [];
  for (const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } of rules) {
    if (resources?.length) resourceRules.push({ verbs, apiGroups, resources, ...(resourceNames?.length ? { resourceNames } : {}) });
    if (nonResourceURLs?.length) nonResourceRules.push({ verbs, nonResourceURLs });
  }
  if (user.groups.includes(SUPERUSER_GROUP)) {
    resourceRules.push({ verbs: ["*"], apiGroups: ["*"], resources: ["*"] });
    nonResourceRules.push({ verbs: ["*"], nonResourceURLs: ["*"] });
  }
  const incomplete = user.groups.includes("system:nodes");
  const evaluationError = [...errors, ...(incomplete ? ["node authorizer doesn't support user rule resolution"] : [])].join(", ");
  const status = {
    resourceRules,
    nonResourceRules,
    incomplete: incomplete || errors.length > 0,
    ...(evaluationError === "" ? {} : { evaluationError }),
  };
  return { ...review, status };
}

function decide(authorizer: Authorizer, user: UserInfo, asked: Asked): SubjectAccessReviewStatus {
  const { decision, reason } = authorizer.authorize(attributesOf(user, asked));
  return { allowed: decision === "allow", ...(decision === "deny" ? { denied: true } : {}), ...(reason ? { reason } : {}) };
}

/** The question of a review as the attributes of the request that it asks about. */
function attributesOf(user: UserInfo, { resourceAttributes, nonResourceAttributes }: Asked): RequestAttributes {
  const of: ResourceAttributes = resourceAttributes ?? {};
  return {
    user,
    verb: (resourceAttributes ? of.verb : nonResourceAttributes?.verb) ?? "",
    group: of.group ?? "",
    version: of.version ?? "",
    resource: of.resource ?? "",
    subresource: of.subresource ?? "",
    namespace: of.namespace ?? "",
    name: of.name ?? "",
    path: nonResourceAttributes?.path ?? "",
    isResourceRequest: resourceAttributes !== undefined,
    ...(of.fieldSelector?.rawSelector === undefined ? {} : { fieldSelector: of.fieldSelector.rawSelector }),
    ...(of.labelSelector?.rawSelector === undefined ? {} : { labelSelector: of.labelSelector.rawSelector }),
  };
}

function userOf({ user = "", groups = [], uid, extra }: SubjectAccessReviewSpec): UserInfo {
  return { name: user, groups, uid, extra };
}

function problemsOf({ resourceAttributes, nonResourceAttributes }: Asked): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) {
    return [
      invalidValue("spec.nonResourceAttributes", nonResourceAttributes, "cannot be specified in combination with resourceAttributes"),
    ];
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    return [required("spec.resourceAttributes", "exactly one of nonResourceAttributes or resourceAttributes must be specified")];
  }
  return [];
}

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: "authorization.k8s.io", kind, name: "" }, errors);
}
