import type { Clock } from "@skiff/base";
import type { Authenticator, Credentials } from "../authenticator.ts";
import type { UserInfo } from "../user.ts";
import { asAuthenticated } from "./authenticated-user.ts";
import { extraHeaders, listHeader } from "./identity-headers.ts";
import { unauthorized } from "./unauthorized.ts";

/**
 * A front proxy says in `X-Remote-User`, `X-Remote-Uid`, `X-Remote-Group` and `X-Remote-Extra-*` for whom it speaks.
 * Only those who show a certificate of the front-proxy authority are believed; from all others the headers count for nothing.
 */
export class RequestHeaderAuthenticator implements Authenticator {
  readonly #clock: Clock;
  readonly #allowedNames: ReadonlySet<string>;

  /** `allowedNames`: common names of proxies; empty: any that the authority has signed. */
  constructor(clock: Clock, allowedNames: readonly string[] = ["front-proxy-client"]) {
    this.#clock = clock;
    this.#allowedNames = new Set(allowedNames);
  }

  async authenticate({ headers, requestHeaderCertificate }: Credentials): Promise<{ user: UserInfo } | undefined> {
    const name = headers["x-remote-user"];
    if (requestHeaderCertificate === undefined || !name) return undefined;
    const { commonName, notAfterMs } = requestHeaderCertificate;
    if (this.#clock.now() > notAfterMs) throw unauthorized("the certificate of the front proxy has expired");
    if (this.#allowedNames.size > 0 && !this.#allowedNames.has(commonName)) throw unauthorized("this front proxy is not allowed");
    const uid = headers["x-remote-uid"];
    const extra = extraHeaders(headers, "x-remote-extra-");
    return {
      user: asAuthenticated({ name, ...(uid ? { uid } : {}), groups: listHeader(headers["x-remote-group"]), ...(extra ? { extra } : {}) }),
    };
  }
}
