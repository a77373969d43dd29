import {
  X509Certificate,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  timingSafeEqual,
  verify,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";

/**
 * The only door to the runtime's cryptography. Everything here is synchronous on purpose: P-256 takes some tens of
 * microseconds, and work that runs on another thread could not be seen by a virtual clock.
 */

/** An EC P-256 key pair. The private key never leaves it except as PEM through {@link KeyPair.privateKeyPem}. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
  /** PKCS #8, PEM. */
  readonly privateKeyPem: string;
}

/** A new EC P-256 key pair, from the runtime's own randomness: keys must never come from a seeded generator. */
export function generateKeyPair(): KeyPair {
  return keyPairOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
}

/** Reads a private key (PKCS #8, SEC 1 or PKCS #1 PEM). Errors: throws a plain `Error` when it is none. */
export function loadKeyPair(privateKeyPem: string): KeyPair {
  return keyPairOf(createPrivateKey(privateKeyPem));
}

function keyPairOf(privateKey: KeyObject): KeyPair {
  const publicKeyInfo = new Uint8Array(createPublicKey(privateKey).export({ type: "spki", format: "der" }));
  return { privateKey, publicKeyInfo, privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

/** An ECDSA signature with SHA-256 in DER form, as certificates carry it. */
export function signDer(key: KeyPair, data: Uint8Array): Uint8Array {
  return new Uint8Array(sign("sha256", data, key.privateKey));
}

/** An ECDSA signature with SHA-256 as r and s, as JSON web signatures carry it (RFC 7518, ES256). */
export function signJws(key: KeyPair, data: string): Uint8Array {
  return new Uint8Array(sign("sha256", Buffer.from(data), { key: key.privateKey, dsaEncoding: "ieee-p1363" }));
}

/** A public key for {@link verifyJws}, from SubjectPublicKeyInfo. */
export type PublicKey = KeyObject;

/** Reads a SubjectPublicKeyInfo. Errors: throws a plain `Error` when the runtime does not know the key type. */
export function publicKeyOf(publicKeyInfo: Uint8Array): PublicKey {
  return createPublicKey({ key: Buffer.from(publicKeyInfo), type: "spki", format: "der" });
}

/** Whether `signature` is the ES256 signature of `data`. */
export function verifyJws(key: PublicKey, data: string, signature: Uint8Array): boolean {
  return verify("sha256", Buffer.from(data), { key, dsaEncoding: "ieee-p1363" }, signature);
}

/** Whether `signature` (in the DER form of certificates) fits; `hash` is absent for EdDSA, which has its own. */
export function verifyDer(publicKeyInfo: Uint8Array, hash: string | undefined, data: Uint8Array, signature: Uint8Array): boolean {
  return verify(hash, data, publicKeyOf(publicKeyInfo), signature);
}

/** The public key as a JSON web key (RFC 7517). */
export function jsonWebKeyOf(publicKeyInfo: Uint8Array): JsonWebKey {
  return publicKeyOf(publicKeyInfo).export({ format: "jwk" });
}

/** What a certificate says, as the runtime reads it. */
export type Certificate = X509Certificate;

/** Reads a certificate, PEM or DER. Errors: throws a plain `Error` when it is none. */
export function readCertificate(pemOrDer: string | Uint8Array): Certificate {
  return new X509Certificate(pemOrDer);
}

/** SHA-1, for key identifiers (RFC 5280, section 4.2.1.2); not for security. */
export function sha1(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha1").update(data).digest());
}

/** SHA-256. */
export function sha256(data: Uint8Array | string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

/** Compares secrets in a time that does not depend on where they differ. */
export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}
