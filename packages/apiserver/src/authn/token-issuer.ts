import {
  badRequest,
  conflict,
  invalid,
  invalidValue,
  notFound,
  type BoundObjectReference,
  type FieldError,
  type KubeObject,
  type Pod,
  type Resource,
  type TokenRequest,
} from "@skiff/api";
import { formatTime, hostUid, type Host } from "@skiff/base";
import { getCurrent, type ObjectReader } from "../object-reader.ts";
import type { KeyPair } from "../pki/node-crypto.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { signJwt } from "./jwt.ts";
import { LEGACY_ISSUER } from "./service-account-token.ts";
import { serviceAccountUserName, type BoundObject } from "./service-account-claims.ts";

const MIN_EXPIRATION_SECONDS = 600;
const MAX_EXPIRATION_SECONDS = 2 ** 32;
const DEFAULT_EXPIRATION_SECONDS = 3600;

/** What new tokens say and how they are signed. */
interface TokenIssuerOptions {
  /** A URL under which the discovery documents are found; the `iss` of tokens. */
  readonly issuer: string;
  readonly key: KeyPair;
  /** The audiences of tokens that name none. */
  readonly apiAudiences: readonly string[];
}

/** Makes tokens of service accounts: the subresource `serviceaccounts/token`, and the tokens in Secrets. */
export class TokenIssuer {
  readonly #host: Host;
  readonly #reader: ObjectReader;
  readonly #options: TokenIssuerOptions;

  constructor(host: Host, reader: ObjectReader, options: TokenIssuerOptions) {
    this.#host = host;
    this.#reader = reader;
    this.#options = options;
  }

  /**
   * Answers the request with its status filled in.
   *
   * Errors: `NotFound` when the service account or the object to bind to is not there; `BadRequest` for objects that
   * cannot be bound to; `Conflict` when it has another uid; `Invalid` for durations out of range.
   */
  async issue(namespace: string, name: string, request: TokenRequest): Promise<TokenRequest> {
    const spec = request.spec ?? {};
    const { boundObjectRef, expirationSeconds = DEFAULT_EXPIRATION_SECONDS } = spec;
    const serviceAccount = await this.#get(RESOURCES.serviceAccounts, namespace, name);
    if (request.metadata?.name && request.metadata.name !== name) {
      throw badRequest(`name in URL does not match name in TokenRequest object`);
    }
    if (request.metadata?.namespace && request.metadata.namespace !== namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
    const errors = expirationProblems(expirationSeconds);
    if (errors.length > 0) throw invalid({ group: "authentication.k8s.io", kind: "TokenRequest", name: "" }, errors);
    const audiences = spec.audiences?.length ? spec.audiences : [...this.#options.apiAudiences];
    const bound = boundObjectRef === undefined ? {} : await this.#bind(namespace, name, boundObjectRef);
    const nowSeconds = Math.floor(this.#host.clock.now() / 1000);
    const token = signJwt(
      {
        aud: audiences,
        exp: nowSeconds + expirationSeconds,
        iat: nowSeconds,
        iss: this.#options.issuer,
        jti: hostUid(this.#host),
        "kubernetes.io": { namespace, ...bound, serviceaccount: { name, uid: serviceAccount.metadata?.uid ?? "" } },
        nbf: nowSeconds,
        sub: serviceAccountUserName(namespace, name),
      },
      this.#options.key,
    );
    const expirationTimestamp = formatTime((nowSeconds + expirationSeconds) * 1000);
    return {
      ...request,
      metadata: { ...request.metadata, name, namespace, creationTimestamp: formatTime(nowSeconds * 1000) },
      spec: { ...spec, audiences, expirationSeconds },
      status: { expirationTimestamp, token },
    };
  }

  /** The token for a Secret of the type `kubernetes.io/service-account-token`. It lives as long as the Secret. */
  issueForSecret(namespace: string, serviceAccount: BoundObject, secretName: string): string {
    return signJwt(
      {
        iss: LEGACY_ISSUER,
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": secretName,
        "kubernetes.io/serviceaccount/service-account.name": serviceAccount.name,
        "kubernetes.io/serviceaccount/service-account.uid": serviceAccount.uid,
        sub: serviceAccountUserName(namespace, serviceAccount.name),
      },
      this.#options.key,
    );
  }

  async #bind(namespace: string, serviceAccountName: string, reference: BoundObjectReference): Promise<Record<string, BoundObject>> {
    const { apiVersion = "v1", kind = "", name = "" } = reference;
    switch (`${apiVersion}/${kind}`) {
      case "v1/Pod": {
        const pod = await this.#get(RESOURCES.pods, namespace, name);
        if ((pod.spec?.serviceAccountName ?? "") !== serviceAccountName) {
          throw badRequest(
            `cannot bind token for serviceaccount "${serviceAccountName}" to pod running with different serviceaccount name.`,
          );
        }
        return { ...(await this.#nodeOf(pod)), pod: identity(pod, reference, "Pod") };
      }
      case "v1/Secret":
        return { secret: identity(await this.#get(RESOURCES.secrets, namespace, name), reference, "Secret") };
      case "v1/Node":
        return { node: identity(await this.#get(RESOURCES.nodes, undefined, name), reference, "Node") };
      default:
        throw badRequest(`cannot bind token to object of type ${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`);
    }
  }

  async #nodeOf(pod: Pod): Promise<{ node?: BoundObject }> {
    const name = pod.spec?.nodeName;
    if (!name) return {};
    const node = await getCurrent(this.#reader, RESOURCES.nodes, undefined, name);
    // The pod knows its node even when the node's own object is not there any more.
    return { node: { name, uid: node?.metadata?.uid ?? "" } };
  }

  async #get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): Promise<T> {
    const object = await getCurrent(this.#reader, resource, namespace, name);
    if (object === undefined) throw notFound({ group: resource.group, kind: resource.plural, name });
    return object;
  }
}

function identity(object: KubeObject, reference: BoundObjectReference, kind: string): BoundObject {
  const { name = "", uid = "" } = object.metadata ?? {};
  if (reference.uid && reference.uid !== uid) {
    throw conflict(
      { kind, name },
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return { name, uid };
}

function expirationProblems(seconds: number): FieldError[] {
  if (seconds < MIN_EXPIRATION_SECONDS)
    return [invalidValue("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")];
  if (seconds > MAX_EXPIRATION_SECONDS)
    return [invalidValue("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")];
  return [];
}
