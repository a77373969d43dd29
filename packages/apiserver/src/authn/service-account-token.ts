import type { KubeObject, Resource } from "@skiff/api";
import { parseTime, type Clock } from "@skiff/base";
import { getCurrent, type ObjectReader } from "../object-reader.ts";
import { equalSecrets } from "../pki/node-crypto.ts";
import { RESOURCES } from "../well-known-resources.ts";
import type { TokenAuthenticator, TokenIdentity } from "./bearer-token.ts";
import { decodeJwt, verifyJwt, type Claims, type UnverifiedJwt, type VerificationKey } from "./jwt.ts";
import { parseServiceAccountUserName, userOfClaims, type BoundObject, type ServiceAccountClaims } from "./service-account-claims.ts";
import { unauthorized } from "./unauthorized.ts";

/** The issuer of tokens that stand in Secrets of the type `kubernetes.io/service-account-token`. */
export const LEGACY_ISSUER = "kubernetes/serviceaccount";

/** Clocks of machines differ: tokens are accepted this long before and after their time (RFC 7519, section 4.1.4). */
const LEEWAY_MS = 10_000;
/** Tokens stay good this long past the moment at which the object that they are bound to was to be gone. */
const DELETION_LEEWAY_MS = 60_000;
/** Signatures that were found good are remembered; past this number the one that was checked first is forgotten. */
const MAX_REMEMBERED = 5000;

/** What the authenticator needs to know. */
interface ServiceAccountTokenOptions {
  /** The first one signs new tokens; others are still accepted. */
  readonly keys: readonly VerificationKey[];
  /** The issuers that are accepted. */
  readonly issuers: readonly string[];
  /** For whom tokens are good at the API server itself. */
  readonly apiAudiences: readonly string[];
}

/**
 * Tokens of service accounts (KEP-1205): signed, in time, for the right audience, and bound to objects that still exist.
 * Whether these exist is looked up each time; only the signature check is remembered.
 */
export class ServiceAccountTokenAuthenticator implements TokenAuthenticator {
  readonly #clock: Clock;
  readonly #reader: ObjectReader;
  readonly #options: ServiceAccountTokenOptions;
  readonly #verified = new Map<string, UnverifiedJwt>();

  constructor(clock: Clock, reader: ObjectReader, options: ServiceAccountTokenOptions) {
    this.#clock = clock;
    this.#reader = reader;
    this.#options = options;
  }

  async authenticateToken(token: string, audiences: readonly string[] = this.#options.apiAudiences): Promise<TokenIdentity | undefined> {
    const decoded = this.#verified.get(token) ?? decodeJwt(token);
    if (decoded === undefined) return undefined;
    const issuer = decoded.claims["iss"];
    if (issuer !== LEGACY_ISSUER && !this.#options.issuers.includes(issuer as string)) return undefined;
    if (!this.#verified.has(token)) {
      if (!verifyJwt(decoded, this.#options.keys)) throw unauthorized("the signature of the token does not fit");
      this.#remember(token, decoded);
    }
    return issuer === LEGACY_ISSUER ? this.#legacy(token, decoded.claims) : this.#bound(decoded.claims, audiences);
  }

  #remember(token: string, decoded: UnverifiedJwt): void {
    this.#verified.set(token, decoded);
    if (this.#verified.size > MAX_REMEMBERED) this.#verified.delete(this.#verified.keys().next().value ?? "");
  }

  async #bound(claims: Claims, audiences: readonly string[]): Promise<TokenIdentity> {
    this.#checkTimes(claims);
    const tokenAudiences = textList(claims["aud"]);
    const good = audiences.filter((audience) => tokenAudiences.includes(audience));
    if (good.length === 0) throw unauthorized("the token is for another audience");
    const parsed = serviceAccountClaims(claims);
    if (parsed === undefined) throw unauthorized("the token lacks claims");
    const { namespace, serviceAccount, pod, secret, node } = parsed;
    await this.#check(RESOURCES.serviceAccounts, namespace, serviceAccount);
    if (secret !== undefined) await this.#check(RESOURCES.secrets, namespace, secret);
    if (pod !== undefined) await this.#check(RESOURCES.pods, namespace, pod);
    // A node that is named beside a pod is information only; without a pod the token is bound to it.
    if (node !== undefined && pod === undefined) await this.#check(RESOURCES.nodes, undefined, node);
    return { user: userOfClaims(parsed), audiences: good };
  }

  #checkTimes({ exp, nbf, iat }: Claims): void {
    const now = this.#clock.now();
    if (typeof exp !== "number" || now > exp * 1000 + LEEWAY_MS) throw unauthorized("the token has expired");
    if (typeof nbf === "number" && now < nbf * 1000 - LEEWAY_MS) throw unauthorized("the token is not valid yet");
    if (typeof iat === "number" && now < iat * 1000 - LEEWAY_MS) throw unauthorized("the token was issued in the future");
  }

  async #check(resource: Resource, namespace: string | undefined, bound: BoundObject): Promise<KubeObject> {
    const object = await getCurrent(this.#reader, resource, namespace, bound.name);
    if (object === undefined || object.metadata?.uid !== bound.uid) throw unauthorized(`the ${resource.kind} of the token is gone`);
    const deletionMs = parseTime(object.metadata.deletionTimestamp);
    if (deletionMs !== undefined && this.#clock.now() > deletionMs + DELETION_LEEWAY_MS) {
      throw unauthorized(`the ${resource.kind} of the token has been deleted`);
    }
    return object;
  }

  async #legacy(token: string, claims: Claims): Promise<TokenIdentity> {
    const text = (key: string): string => {
      const value = claims[`kubernetes.io/serviceaccount/${key}`];
      return typeof value === "string" ? value : "";
    };
    const namespace = text("namespace");
    const serviceAccount = { name: text("service-account.name"), uid: text("service-account.uid") };
    const secret = await getCurrent(this.#reader, RESOURCES.secrets, namespace, text("secret.name"));
    const stored = Buffer.from(secret?.data?.["token"] ?? "", "base64").toString("utf8");
    if (secret === undefined || secret.metadata?.deletionTimestamp !== undefined || !equalSecrets(stored, token)) {
      throw unauthorized("the token is not the one in its secret");
    }
    await this.#check(RESOURCES.serviceAccounts, namespace, serviceAccount);
    return { user: userOfClaims({ namespace, serviceAccount }) };
  }
}

function textList(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function serviceAccountClaims(claims: Claims): ServiceAccountClaims | undefined {
  const own = claims["kubernetes.io"] as Readonly<Record<string, unknown>> | undefined;
  const sub = claims["sub"];
  const subject = typeof sub === "string" ? parseServiceAccountUserName(sub) : undefined;
  const serviceAccount = boundObject(own?.["serviceaccount"]);
  const namespace = own?.["namespace"];
  if (typeof namespace !== "string" || serviceAccount === undefined || subject === undefined) return undefined;
  if (subject.namespace !== namespace || subject.name !== serviceAccount.name) return undefined;
  return {
    namespace,
    serviceAccount,
    pod: boundObject(own?.["pod"]),
    secret: boundObject(own?.["secret"]),
    node: boundObject(own?.["node"]),
    jwtId: typeof claims["jti"] === "string" ? claims["jti"] : undefined,
  };
}

function boundObject(value: unknown): BoundObject | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { name, uid } = value as { name?: unknown; uid?: unknown };
  return typeof name === "string" ? { name, uid: typeof uid === "string" ? uid : "" } : undefined;
}
