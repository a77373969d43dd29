import type { TokenReview } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateTokenReview } from "../validation/review-validation.ts";

/** Asks whom a token stands for. */
export const tokenReviewKind = defineKind<TokenReview>({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  singular: "tokenreview",
  namespaced: false,
  schema: "io.k8s.api.authentication.v1.TokenReview",
  verbs: ["create"],
  validate: validateTokenReview,
});
