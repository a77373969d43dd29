import type { Authenticator, Credentials } from "../authenticator.ts";
import type { UserInfo } from "../user.ts";
import { asAuthenticated } from "./authenticated-user.ts";
import { unauthorized } from "./unauthorized.ts";

/** Whom a token stands for. */
export interface TokenIdentity {
  readonly user: UserInfo;
  /** For which of the audiences that were asked for the token is good; absent for tokens that know no audiences. */
  readonly audiences?: readonly string[];
}

/**
 * Knows one kind of bearer token.
 *
 * Answers `undefined` for tokens of other kinds. Errors: rejects with `Unauthorized` for tokens of its kind that are wrong.
 */
export interface TokenAuthenticator {
  /** `audiences`: for whom the token must be good; absent for the API server itself. */
  authenticateToken(token: string, audiences?: readonly string[]): Promise<TokenIdentity | undefined>;
}

/** Longer tokens are refused unread. */
const MAX_TOKEN_LENGTH = 64 * 1024;
const WEBSOCKET_PREFIX = "base64url.bearer.authorization.k8s.io.";

/**
 * `Authorization: Bearer …`, and for WebSockets from browsers, which cannot set that header, a subprotocol
 * `base64url.bearer.authorization.k8s.io.<token>`.
 *
 * Errors: 401 when there is a token and none of the given kinds accepts it.
 */
export class BearerTokenAuthenticator implements Authenticator {
  readonly #kinds: readonly TokenAuthenticator[];

  constructor(kinds: readonly TokenAuthenticator[]) {
    this.#kinds = kinds;
  }

  async authenticate({ headers }: Credentials): Promise<TokenIdentity | undefined> {
    const token = tokenOf(headers["authorization"]) ?? websocketTokenOf(headers["sec-websocket-protocol"]);
    return token === undefined ? undefined : this.identify(token);
  }

  /** Errors: 401 as above. */
  async identify(token: string, audiences?: readonly string[]): Promise<TokenIdentity> {
    if (token.length > MAX_TOKEN_LENGTH) throw unauthorized("the token is too long");
    for (const kind of this.#kinds) {
      const identity = await kind.authenticateToken(token, audiences);
      if (identity !== undefined) return { ...identity, user: asAuthenticated(identity.user) };
    }
    throw unauthorized("no authenticator knows the token");
  }
}

/** Other schemes, such as `Basic`, and empty tokens count as no credentials, as upstream has it. */
function tokenOf(header: string | undefined): string | undefined {
  const [, token] = /^bearer +(\S+)\s*$/i.exec(header?.trim() ?? "") ?? [];
  return token;
}

function websocketTokenOf(header: string | undefined): string | undefined {
  const protocol = header
    ?.split(",")
    .map((entry) => entry.trim())
    .find((entry) => entry.startsWith(WEBSOCKET_PREFIX));
  if (protocol === undefined) return undefined;
  return Buffer.from(protocol.slice(WEBSOCKET_PREFIX.length), "base64url").toString("utf8");
}
