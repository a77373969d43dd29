import type { Clock } from "@skiff/base";
import type { Credentials } from "../authenticator.ts";
import { CLIENT_AUTH_OID } from "./certificate.ts";
import { decodeName } from "./distinguished-name.ts";
import { readCertificate, type Certificate } from "./node-crypto.ts";
import { subjectNameOf } from "./certificate.ts";

/** The part of {@link Credentials} that a TLS handshake proves. */
export type CertificateCredentials = Pick<Credentials, "clientCertificate" | "requestHeaderCertificate">;

/** Clients keep their certificates for long; past this many different ones the oldest result is forgotten. */
const MAX_REMEMBERED = 1000;

/**
 * Says what a client's certificate proves: which authority signed it, and for whom. The TLS server only makes sure that
 * the client holds the private key; it must ask for certificates without refusing those that it cannot verify.
 */
export class PeerCertificateVerifier {
  readonly #clock: Clock;
  readonly #clientAuthority: Certificate;
  readonly #frontProxyAuthority: Certificate | undefined;
  readonly #results = new Map<
    string,
    { readonly validFromMs: number; readonly validToMs: number; readonly credentials: CertificateCredentials }
  >();

  /** Both authorities are PEM; without the second no front proxy is trusted. */
  constructor(clock: Clock, clientAuthorityPem: string, frontProxyAuthorityPem?: string) {
    this.#clock = clock;
    this.#clientAuthority = readCertificate(clientAuthorityPem);
    this.#frontProxyAuthority = frontProxyAuthorityPem === undefined ? undefined : readCertificate(frontProxyAuthorityPem);
  }

  /**
   * What the certificate (DER) proves. Nothing when another authority signed it, when it is not for client
   * authentication, or before its time. Expiry is left to the authenticator, which answers 401.
   */
  credentialsOf(certificateDer: Uint8Array): CertificateCredentials {
    const key = Buffer.from(certificateDer).toString("base64");
    let result = this.#results.get(key);
    if (result === undefined) {
      result = this.#examine(certificateDer);
      this.#results.set(key, result);
      if (this.#results.size > MAX_REMEMBERED) this.#results.delete(this.#results.keys().next().value ?? "");
    }
    return this.#clock.now() < result.validFromMs ? {} : result.credentials;
  }

  #examine(certificateDer: Uint8Array): { validFromMs: number; validToMs: number; credentials: CertificateCredentials } {
    try {
      const certificate = readCertificate(certificateDer);
      const validFromMs = Date.parse(certificate.validFrom);
      const validToMs = Date.parse(certificate.validTo);
      const subject = decodeName(subjectNameOf(certificateDer));
      if (!allowsClientAuth(certificate)) return { validFromMs, validToMs, credentials: {} };
      const { commonName, organizations } = subject;
      if (signedBy(certificate, this.#clientAuthority)) {
        return { validFromMs, validToMs, credentials: { clientCertificate: { commonName, organizations, notAfterMs: validToMs } } };
      }
      if (this.#frontProxyAuthority !== undefined && signedBy(certificate, this.#frontProxyAuthority)) {
        return { validFromMs, validToMs, credentials: { requestHeaderCertificate: { commonName, notAfterMs: validToMs } } };
      }
      return { validFromMs, validToMs, credentials: {} };
    } catch {
      // A certificate that cannot be read proves nothing; the request goes on as if there were none.
      return { validFromMs: 0, validToMs: 0, credentials: {} };
    }
  }
}

function allowsClientAuth(certificate: Certificate): boolean {
  // The types say that the list is always there; it is undefined for certificates without the extension.
  const usages = certificate.keyUsage as string[] | undefined;
  return usages?.includes(CLIENT_AUTH_OID) ?? false;
}

function signedBy(certificate: Certificate, authority: Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}
