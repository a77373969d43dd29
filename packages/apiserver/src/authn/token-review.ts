import { badRequest, isStatus, type TokenReview } from "@skiff/api";
import { userInfoOf } from "../authz/access-review.ts";
import type { BearerTokenAuthenticator } from "./bearer-token.ts";

/**
 * Whose token is this, and is it good for one of `spec.audiences`?
 * Errors: `BadRequest` without a token; a token that is wrong is an answer, not an error.
 */
export async function reviewToken(
  tokens: BearerTokenAuthenticator,
  review: TokenReview,
  apiAudiences: readonly string[],
): Promise<TokenReview> {
  const { token, audiences } = review.spec;
  if (!token) throw badRequest("token is required for TokenReview in authentication");
  const asked = audiences?.length ? audiences : undefined;
  try {
    const identity = await tokens.identify(token, asked);
    // Tokens that know no audiences are good for the API server, and so for those who ask for nobody else.
    const good = identity.audiences ?? (asked ?? apiAudiences).filter((audience) => apiAudiences.includes(audience));
    if (asked !== undefined && good.length === 0) return refused(review, "token audiences do not match");
    return { ...review, status: { authenticated: true, user: userInfoOf(identity.user), audiences: [...good] } };
  } catch (error) {
    if (!isStatus(error, "Unauthorized")) throw error;
    return refused(review, "invalid bearer token");
  }
}

function refused(review: TokenReview, error: string): TokenReview {
  return { ...review, status: { user: {}, error } };
}
