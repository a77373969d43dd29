import type { SubjectAccessReview } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateSubjectAccessReview } from "../validation/review-validation.ts";

/** Asks whether somebody may do something. */
export const subjectAccessReviewKind = defineKind<SubjectAccessReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  singular: "subjectaccessreview",
  namespaced: false,
  schema: "io.k8s.api.authorization.v1.SubjectAccessReview",
  verbs: ["create"],
  validate: validateSubjectAccessReview,
});
