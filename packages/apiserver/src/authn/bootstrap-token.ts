import {
  BOOTSTRAP_TOKEN_NAMESPACE,
  BOOTSTRAPPERS_GROUP,
  bootstrapTokenSecretName,
  isBootstrapGroup,
  msUntilTokenExpiry,
  parseBootstrapToken,
  readBootstrapToken,
  type BootstrapToken,
  type TokenParts,
} from "@skiff/api";
import type { Clock } from "@skiff/base";
import type { ObjectReader } from "../object-reader.ts";
import { equalSecrets } from "../pki/node-crypto.ts";
import { RESOURCES } from "../well-known-resources.ts";
import type { TokenAuthenticator, TokenIdentity } from "./bearer-token.ts";
import { unauthorized } from "./unauthorized.ts";

/**
 * Tokens with which machines join, `<id>.<secret>`, kept in Secrets of the type `bootstrap.kubernetes.io/token` in
 * `kube-system`: the user `system:bootstrap:<id>` in the group `system:bootstrappers`.
 */
export class BootstrapTokenAuthenticator implements TokenAuthenticator {
  readonly #clock: Clock;
  readonly #reader: ObjectReader;

  constructor(clock: Clock, reader: ObjectReader) {
    this.#clock = clock;
    this.#reader = reader;
  }

  async authenticateToken(text: string): Promise<TokenIdentity | undefined> {
    const shown = parseBootstrapToken(text);
    if (shown === undefined) return undefined;
    const secret = this.#reader.get(RESOURCES.secrets, BOOTSTRAP_TOKEN_NAMESPACE, bootstrapTokenSecretName(shown.id));
    const token = secret === undefined ? undefined : readBootstrapToken(secret);
    if (token === undefined || !this.#accepts(token, shown)) throw unauthorized("no such bootstrap token");
    if (!token.groups.every(isBootstrapGroup)) throw unauthorized("the bootstrap token has an invalid group");
    return { user: { name: `system:bootstrap:${shown.id}`, groups: [BOOTSTRAPPERS_GROUP, ...token.groups] } };
  }

  #accepts(token: BootstrapToken, shown: TokenParts): boolean {
    if (!equalSecrets(token.secret, shown.secret) || !token.usages.includes("authentication")) return false;
    const leftMs = msUntilTokenExpiry(token.expiration, this.#clock.now());
    return leftMs === undefined || leftMs > 0;
  }
}
