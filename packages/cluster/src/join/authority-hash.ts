import { createHash, X509Certificate } from "node:crypto";

/** The form of the hash of an authority's public key, as kubeadm has it. */
export const AUTHORITY_HASH = /^sha256:[0-9a-f]{64}$/;

/**
 * The hashes of the public keys (SubjectPublicKeyInfo, RFC 7469) of the certificates in a PEM text, as `sha256:…`.
 *
 * Errors: throws a plain `Error` when a certificate cannot be read.
 */
export function authorityHashes(pem: string): string[] {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return certificates.map((text) => {
    const key = new X509Certificate(text).publicKey.export({ type: "spki", format: "der" });
    return `sha256:${createHash("sha256").update(key).digest("hex")}`;
  });
}
