import type { Host } from "@skiff/base";
import type { Authenticator } from "../authenticator.ts";
import type { ObjectReader } from "../object-reader.ts";
import type { KeyPair } from "../pki/node-crypto.ts";
import type { UserInfo } from "../user.ts";
import { AnonymousAuthenticator, type AnonymousOptions } from "./anonymous.ts";
import { BearerTokenAuthenticator } from "./bearer-token.ts";
import { BootstrapTokenAuthenticator } from "./bootstrap-token.ts";
import { ClientCertificateAuthenticator } from "./client-certificate.ts";
import { verificationKeyOf, type VerificationKey } from "./jwt.ts";
import { RequestHeaderAuthenticator } from "./request-header.ts";
import { ServiceAccountTokenAuthenticator } from "./service-account-token.ts";
import { StaticTokenAuthenticator } from "./static-token.ts";
import { TokenIssuer } from "./token-issuer.ts";

/** What authentication is built from. */
interface AuthenticationParts {
  readonly host: Host;
  readonly reader: ObjectReader;
  /** Signs service-account tokens. */
  readonly serviceAccountKey: KeyPair;
  /** Public keys (SubjectPublicKeyInfo) of older keys whose tokens are still accepted. */
  readonly olderKeys?: readonly Uint8Array[];
  /** The `iss` of service-account tokens. Default `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer?: string;
  /** For whom tokens are good at the API server itself. Default: the issuer. */
  readonly apiAudiences?: readonly string[];
  /** Tokens that are known from the start. */
  readonly staticTokens?: ReadonlyMap<string, UserInfo>;
  readonly anonymous?: AnonymousOptions;
}

/** Authentication, put together. */
interface Authentication {
  /** In the order in which they are to be asked. The last one answers or refuses requests without credentials. */
  readonly authenticators: readonly Authenticator[];
  /** For TokenReview. */
  readonly tokens: BearerTokenAuthenticator;
  /** For `serviceaccounts/token`. */
  readonly issuer: TokenIssuer;
  /** For the discovery documents. */
  readonly keys: readonly VerificationKey[];
  readonly issuerUrl: string;
  readonly apiAudiences: readonly string[];
}

/** Front proxies, client certificates, tokens, and at last nobody: upstream's order. */
export function createAuthentication(parts: AuthenticationParts): Authentication {
  const { host, reader, serviceAccountKey, olderKeys = [] } = parts;
  const issuerUrl = parts.issuer ?? "https://kubernetes.default.svc.cluster.local";
  const apiAudiences = parts.apiAudiences ?? [issuerUrl];
  const keys = [serviceAccountKey.publicKeyInfo, ...olderKeys].map(verificationKeyOf);
  const tokens = new BearerTokenAuthenticator([
    new StaticTokenAuthenticator(parts.staticTokens ?? new Map<string, UserInfo>()),
    new BootstrapTokenAuthenticator(host.clock, reader),
    new ServiceAccountTokenAuthenticator(host.clock, reader, { keys, issuers: [issuerUrl], apiAudiences }),
  ]);
  const authenticators = [
    new RequestHeaderAuthenticator(host.clock),
    new ClientCertificateAuthenticator(host.clock),
    tokens,
    new AnonymousAuthenticator(parts.anonymous),
  ];
  return {
    authenticators,
    tokens,
    issuer: new TokenIssuer(host, reader, { issuer: issuerUrl, key: serviceAccountKey, apiAudiences }),
    keys,
    issuerUrl,
    apiAudiences,
  };
}
