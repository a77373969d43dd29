import type { Authenticator, Credentials } from "../authenticator.ts";
import { ANONYMOUS, type UserInfo } from "../user.ts";
import { unauthorized } from "./unauthorized.ts";

/** What may be read without credentials: whether the server is well, and what machines read before they join. */
const OPEN_PATHS = new Set(["/healthz", "/livez", "/readyz", "/api/v1/namespaces/kube-public/configmaps/cluster-info"]);

/** Where the anonymous user is let in. */
export interface AnonymousOptions {
  /** `health` (default): only for the health checks and `cluster-info`, everything else is 401. `all`: everywhere. Authorisation decides on what is let in. */
  readonly allow?: "health" | "all";
}

/** The last authenticator: requests without any credentials. */
export class AnonymousAuthenticator implements Authenticator {
  readonly #all: boolean;

  constructor({ allow = "health" }: AnonymousOptions = {}) {
    this.#all = allow === "all";
  }

  async authenticate({ path }: Credentials): Promise<{ user: UserInfo }> {
    if (this.#all || (path !== undefined && OPEN_PATHS.has(path))) return { user: ANONYMOUS };
    throw unauthorized("no credentials");
  }
}
