import type { SelfSubjectReview } from "../generated/types.ts";
import { defineKind } from "../kind.ts";

/** Asks who the caller is. */
export const selfSubjectReviewKind = defineKind<SelfSubjectReview>({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "SelfSubjectReview",
  plural: "selfsubjectreviews",
  singular: "selfsubjectreview",
  namespaced: false,
  schema: "io.k8s.api.authentication.v1.SelfSubjectReview",
  verbs: ["create"],
});
