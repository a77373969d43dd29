import { equalSecrets } from "../pki/node-crypto.ts";
import type { UserInfo } from "../user.ts";
import type { TokenAuthenticator, TokenIdentity } from "./bearer-token.ts";

/** Tokens that are known from the start, for example one for the administrator of a test cluster. */
export class StaticTokenAuthenticator implements TokenAuthenticator {
  readonly #tokens: readonly (readonly [token: string, user: UserInfo])[];

  constructor(tokens: ReadonlyMap<string, UserInfo>) {
    this.#tokens = [...tokens];
  }

  async authenticateToken(token: string): Promise<TokenIdentity | undefined> {
    // All are compared, so that the time taken tells nothing about which one was nearly right.
    const matching = this.#tokens.filter(([known]) => equalSecrets(known, token));
    return matching[0] === undefined ? undefined : { user: matching[0][1] };
  }
}
