import type { Host } from "@skiff/base";
import { keyIdOf, newSerialNumber, signCertificate, subjectNameOf, type AlternativeNames, type CertificateUsage } from "./certificate.ts";
import { encodeName, type DistinguishedName } from "./distinguished-name.ts";
import { generateKeyPair, loadKeyPair, type KeyPair } from "./node-crypto.ts";
import { derOfPem, toPem } from "./pem.ts";

/** A certificate and its private key, both PEM: what kubeconfigs, TLS servers and files take. */
export interface CertificateAndKey {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** What to certify. */
interface IssueRequest {
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
  readonly usages: readonly CertificateUsage[];
  readonly names?: AlternativeNames;
  /** Counted from now; cut at the end of the authority's own certificate. */
  readonly validityMs: number;
}

/** Ten years: an authority cannot be replaced without touching every client. */
const AUTHORITY_VALIDITY_MS = 10 * 365 * 24 * 3_600_000;
/** One year, as kubeadm issues certificates of components and of people. */
export const LEAF_VALIDITY_MS = 365 * 24 * 3_600_000;
/** Certificates are valid from this long before they were made, because the clocks of machines differ. */
const BACKDATE_MS = 5 * 60_000;

/** A certificate authority with an EC P-256 key. */
export class CertificateAuthority {
  readonly certificatePem: string;
  readonly #host: Pick<Host, "clock" | "random">;
  readonly #certificateDer: Uint8Array;
  readonly #key: KeyPair;

  private constructor(host: Pick<Host, "clock" | "random">, certificateDer: Uint8Array, key: KeyPair) {
    this.#host = host;
    this.#certificateDer = certificateDer;
    this.#key = key;
    this.certificatePem = toPem("CERTIFICATE", certificateDer);
  }

  /** A new self-signed authority, valid for ten years unless `validityMs` says otherwise. */
  static create(host: Pick<Host, "clock" | "random">, commonName: string, validityMs = AUTHORITY_VALIDITY_MS): CertificateAuthority {
    const key = generateKeyPair();
    const subject = { commonName, organizations: [] };
    const now = host.clock.now();
    const certificate = signCertificate(
      {
        serialNumber: newSerialNumber(host.random),
        subject,
        issuerName: encodeName(subject),
        notBeforeMs: now - BACKDATE_MS,
        notAfterMs: now + validityMs,
        publicKeyInfo: key.publicKeyInfo,
        isAuthority: true,
        usages: ["digital signature", "key encipherment", "cert sign"],
        // Upstream's authorities carry their own name as a DNS name too, without which some TLS stacks complain.
        names: { dnsNames: [commonName] },
      },
      key,
    );
    return new CertificateAuthority(host, certificate, key);
  }

  /** An authority from files. Errors: throws when either text cannot be read or the two do not belong together. */
  static load(host: Pick<Host, "clock" | "random">, files: CertificateAndKey): CertificateAuthority {
    return new CertificateAuthority(host, derOfPem(files.certificatePem, "CERTIFICATE"), loadKeyPair(files.privateKeyPem));
  }

  /** Certificate and key, for the composition root to keep. */
  save(): CertificateAndKey {
    return { certificatePem: this.certificatePem, privateKeyPem: this.#key.privateKeyPem };
  }

  /** Signs a certificate for a key that its owner keeps; PEM. */
  issue(request: IssueRequest): string {
    const now = this.#host.clock.now();
    const certificate = signCertificate(
      {
        serialNumber: newSerialNumber(this.#host.random),
        subject: request.subject,
        issuerName: subjectNameOf(this.#certificateDer),
        notBeforeMs: now - BACKDATE_MS,
        notAfterMs: now + request.validityMs,
        publicKeyInfo: request.publicKeyInfo,
        isAuthority: false,
        usages: request.usages,
        names: request.names,
        authorityKeyId: keyIdOf(this.#key.publicKeyInfo),
      },
      this.#key,
    );
    return toPem("CERTIFICATE", certificate);
  }

  /** A new key with a certificate for a TLS server: `names` are DNS names, `ips` addresses. The first name is the subject. */
  issueServerCertificate(names: readonly string[], ips: readonly string[], validityMs = LEAF_VALIDITY_MS): CertificateAndKey {
    return this.#issueWithNewKey({
      subject: { commonName: names[0] ?? ips[0] ?? "", organizations: [] },
      usages: ["digital signature", "key encipherment", "server auth"],
      names: { dnsNames: names, ipAddresses: ips },
      validityMs,
    });
  }

  /** A new key with a certificate that shows its holder to be the user `commonName` in the groups `organizations`. */
  issueClientCertificate(commonName: string, organizations: readonly string[] = [], validityMs = LEAF_VALIDITY_MS): CertificateAndKey {
    return this.#issueWithNewKey({
      subject: { commonName, organizations },
      usages: ["digital signature", "key encipherment", "client auth"],
      validityMs,
    });
  }

  #issueWithNewKey(request: Omit<IssueRequest, "publicKeyInfo">): CertificateAndKey {
    const key = generateKeyPair();
    return { certificatePem: this.issue({ ...request, publicKeyInfo: key.publicKeyInfo }), privateKeyPem: key.privateKeyPem };
  }
}
