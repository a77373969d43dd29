import type { Clock } from "@skiff/base";
import type { Authenticator, Credentials } from "../authenticator.ts";
import type { UserInfo } from "../user.ts";
import { asAuthenticated } from "./authenticated-user.ts";
import { unauthorized } from "./unauthorized.ts";

/** The common name is the user, organizations are its groups. Errors: 401 for expired certificates and empty names. */
export class ClientCertificateAuthenticator implements Authenticator {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async authenticate({ clientCertificate }: Credentials): Promise<{ user: UserInfo } | undefined> {
    if (clientCertificate === undefined) return undefined;
    const { commonName, organizations, notAfterMs } = clientCertificate;
    if (this.#clock.now() > notAfterMs) throw unauthorized("the client certificate has expired");
    if (commonName === "") throw unauthorized("the client certificate has no common name");
    return { user: asAuthenticated({ name: commonName, groups: organizations }) };
  }
}
