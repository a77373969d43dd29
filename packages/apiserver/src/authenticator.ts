import type { UserInfo } from "./user.ts";

/** The credentials of a request. */
export interface Credentials {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The path that is asked for: a few of them may be read without credentials. */
  readonly path?: string;
  /** The certificate that the client proved to hold, when it was signed by the client CA: subject CN and O. */
  readonly clientCertificate?: { readonly commonName: string; readonly organizations: readonly string[]; readonly notAfterMs: number };
  /** The same, when it was signed by the front-proxy CA instead: its holder may say in headers for whom it speaks. */
  readonly requestHeaderCertificate?: { readonly commonName: string; readonly notAfterMs: number };
}

/**
 * Finds out who makes a request.
 *
 * Answers `undefined` when it sees no credentials of its kind. Errors: rejects with an `Unauthorized` StatusError when it
 * sees some that are wrong.
 */
export interface Authenticator {
  authenticate(credentials: Credentials): Promise<{ readonly user: UserInfo; readonly audiences?: readonly string[] } | undefined>;
}
