import type { AuthorizationDecision, Authorizer, RequestAttributes } from "../attributes.ts";

/** The group whose members may do everything, before any other rule is asked. */
export const SUPERUSER_GROUP = "system:masters";

/** Allows everything to {@link SUPERUSER_GROUP}: what a cluster is put right with when its rules are broken. */
export class SuperuserAuthorizer implements Authorizer {
  authorize({ user }: RequestAttributes): AuthorizationDecision {
    return user.groups.includes(SUPERUSER_GROUP) ? { decision: "allow" } : { decision: "noOpinion" };
  }
}

/**
 * Asks one authorizer after the other; the first that has an opinion decides. When none has, the reasons of all are
 * joined, so that the 403 says what each of them missed.
 */
export class UnionAuthorizer implements Authorizer {
  readonly #authorizers: readonly Authorizer[];

  constructor(authorizers: readonly Authorizer[]) {
    this.#authorizers = authorizers;
  }

  authorize(attributes: RequestAttributes): AuthorizationDecision {
    let reasons = "";
    for (const authorizer of this.#authorizers) {
      const decision = authorizer.authorize(attributes);
      if (decision.decision !== "noOpinion") return decision;
      if (decision.reason) reasons += reasons === "" ? decision.reason : `\n${decision.reason}`;
    }
    return { decision: "noOpinion", reason: reasons };
  }
}
