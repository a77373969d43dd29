import type { VerificationKey } from "./jwt.ts";

/** A document to answer with. */
export interface DiscoveryDocument {
  readonly contentType: string;
  /** Plain JSON. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly cacheControl: string;
}

const CACHE_CONTROL = "public, max-age=3600";

/** `/.well-known/openid-configuration` (OpenID Connect Discovery 1.0): where the keys of service-account tokens are. */
export function openIdConfiguration(issuer: string, keysUrl: string): DiscoveryDocument {
  return {
    contentType: "application/json",
    cacheControl: CACHE_CONTROL,
    body: {
      issuer,
      jwks_uri: keysUrl,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
    },
  };
}

/** `/openid/v1/jwks` (RFC 7517): the public keys of service-account tokens. */
export function jsonWebKeySet(keys: readonly VerificationKey[]): DiscoveryDocument {
  return { contentType: "application/jwk-set+json", cacheControl: CACHE_CONTROL, body: { keys: keys.map(({ jsonWebKey }) => jsonWebKey) } };
}
