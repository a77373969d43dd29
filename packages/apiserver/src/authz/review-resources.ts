import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  TokenReview,
} from "@skiff/api";
import type { Authorizer } from "../attributes.ts";
import type { BearerTokenAuthenticator } from "../authn/bearer-token.ts";
import { reviewToken } from "../authn/token-review.ts";
import type { VirtualResource } from "../virtual-resource.ts";
import { reviewLocalSubjectAccess, reviewSelf, reviewSelfRules, reviewSelfSubjectAccess, reviewSubjectAccess } from "./access-review.ts";
import type { RbacAuthorizer } from "./rbac/rbac-authorizer.ts";

/** What answers reviews. */
interface ReviewParts {
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly tokens: BearerTokenAuthenticator;
  /** For whom tokens are good at the API server itself. */
  readonly apiAudiences: readonly string[];
}

/** The kinds of `authentication.k8s.io` and `authorization.k8s.io`, which are computed and never stored, by `group/kind`. */
export function reviewResources({ authorizer, rbac, tokens, apiAudiences }: ReviewParts): ReadonlyMap<string, VirtualResource> {
  const authentication = "authentication.k8s.io";
  const authorization = "authorization.k8s.io";
  return new Map<string, VirtualResource>([
    [`${authentication}/TokenReview`, { create: (object) => reviewToken(tokens, object as TokenReview, apiAudiences) }],
    [`${authentication}/SelfSubjectReview`, { create: (object, { user }) => reviewSelf(object as SelfSubjectReview, user) }],
    [`${authorization}/SubjectAccessReview`, { create: (object) => reviewSubjectAccess(authorizer, object as SubjectAccessReview) }],
    [
      `${authorization}/LocalSubjectAccessReview`,
      { create: (object, { namespace }) => reviewLocalSubjectAccess(authorizer, object as LocalSubjectAccessReview, namespace) },
    ],
    [
      `${authorization}/SelfSubjectAccessReview`,
      { create: (object, { user }) => reviewSelfSubjectAccess(authorizer, object as SelfSubjectAccessReview, user) },
    ],
    [
      `${authorization}/SelfSubjectRulesReview`,
      { create: (object, { user }) => reviewSelfRules(rbac, object as SelfSubjectRulesReview, user) },
    ],
  ]);
}
