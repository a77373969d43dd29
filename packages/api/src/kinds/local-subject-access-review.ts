import type { LocalSubjectAccessReview } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateLocalSubjectAccessReview } from "../validation/review-validation.ts";

/** Asks whether somebody may do something in one namespace. */
export const localSubjectAccessReviewKind = defineKind<LocalSubjectAccessReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "LocalSubjectAccessReview",
  plural: "localsubjectaccessreviews",
  singular: "localsubjectaccessreview",
  namespaced: true,
  schema: "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
  verbs: ["create"],
  validate: validateLocalSubjectAccessReview,
});
