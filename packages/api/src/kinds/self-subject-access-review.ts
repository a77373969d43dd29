import type { SelfSubjectAccessReview } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateSelfSubjectAccessReview } from "../validation/review-validation.ts";

/** Asks whether the caller may do something. */
export const selfSubjectAccessReviewKind = defineKind<SelfSubjectAccessReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  singular: "selfsubjectaccessreview",
  namespaced: false,
  schema: "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
  verbs: ["create"],
  validate: validateSelfSubjectAccessReview,
});
