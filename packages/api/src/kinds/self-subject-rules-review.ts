import type { SelfSubjectRulesReview } from "../generated/types.ts";
import { defineKind } from "../kind.ts";

/** Asks for all that the caller may do in a namespace. */
export const selfSubjectRulesReviewKind = defineKind<SelfSubjectRulesReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectRulesReview",
  plural: "selfsubjectrulesreviews",
  singular: "selfsubjectrulesreview",
  namespaced: false,
  schema: "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
  verbs: ["create"],
});
