import { jsonWebKeyOf, publicKeyOf, sha256, signJws, verifyJws, type KeyPair, type PublicKey } from "../pki/node-crypto.ts";

/** The claims of a token, as they were signed. */
export type Claims = Readonly<Record<string, unknown>>;

/** A public key with which tokens are checked. */
export interface VerificationKey {
  readonly keyId: string;
  readonly key: PublicKey;
  /** RFC 7517. */
  readonly jsonWebKey: Readonly<Record<string, unknown>>;
}

/** The id of a key: the SHA-256 of its SubjectPublicKeyInfo, base64url, as upstream names service-account keys. */
function keyIdOfPublicKey(publicKeyInfo: Uint8Array): string {
  return Buffer.from(sha256(publicKeyInfo)).toString("base64url");
}

/** Prepares a public key for {@link verifyJwt} and for the key set of OpenID discovery. */
export function verificationKeyOf(publicKeyInfo: Uint8Array): VerificationKey {
  const keyId = keyIdOfPublicKey(publicKeyInfo);
  const { kty, crv, x, y } = jsonWebKeyOf(publicKeyInfo);
  return { keyId, key: publicKeyOf(publicKeyInfo), jsonWebKey: { use: "sig", kty, kid: keyId, crv, alg: "ES256", x, y } };
}

/** A JSON web token signed with ES256 (RFC 7519, RFC 7518). */
export function signJwt(claims: Claims, key: KeyPair): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "ES256", kid: keyIdOfPublicKey(key.publicKeyInfo) })}.${part(claims)}`;
  return `${signed}.${Buffer.from(signJws(key, signed)).toString("base64url")}`;
}

/** A token taken apart, not verified. */
export interface UnverifiedJwt {
  readonly header: Claims;
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Uint8Array;
}

/** Takes a token apart; `undefined` when it is none. Trust nothing in it before {@link verifyJwt}. */
export function decodeJwt(token: string): UnverifiedJwt | undefined {
  const parts = token.split(".");
  const [header, claims, signature] = parts;
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part))) return undefined;
  const decodedHeader = jsonObject(header ?? "");
  const decodedClaims = jsonObject(claims ?? "");
  if (decodedHeader === undefined || decodedClaims === undefined) return undefined;
  return {
    header: decodedHeader,
    claims: decodedClaims,
    signed: `${header}.${claims}`,
    signature: new Uint8Array(Buffer.from(signature ?? "", "base64url")),
  };
}

/**
 * Whether one of the keys signed the token. Only ES256 counts: the algorithm never comes from the token, so neither
 * `none` nor a signature with the public key as a shared secret gets through. A key id, where given, must be known.
 */
export function verifyJwt(token: UnverifiedJwt, keys: readonly VerificationKey[]): boolean {
  const { alg, kid, crit } = token.header;
  if (alg !== "ES256" || crit !== undefined || token.signature.length !== 64) return false;
  return keys.some(({ keyId, key }) => (kid === undefined || kid === keyId) && verifyJws(key, token.signed, token.signature));
}

function jsonObject(base64url: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}
