import { parseTime, type Host } from "@skiff/base";
import { resourcePath, serviceAccountKind, type Pod, type ServiceAccountTokenProjection, type TokenRequest } from "@skiff/api";
import type { Client } from "@skiff/client";

/** A token is renewed after this part of its life, at the latest after a day. */
const RENEW_AFTER = 0.8;
const RENEW_AT_LATEST_MS = 24 * 3_600_000;
const DEFAULT_LIFETIME_SECONDS = 3600;
/** After a failed renewal the old token is used for as long as it is valid; the next attempt comes after this. */
const RETRY_MS = 60_000;

interface HeldToken {
  readonly token: string;
  readonly expiresMs: number;
  renewMs: number;
}

/** A token and when it should be fetched again, both as wall time in milliseconds. */
interface FreshToken {
  readonly token: string;
  readonly renewMs: number;
}

/**
 * Tokens of service accounts, bound to Pods (KEP-1205).
 *
 * Guarantees: one request for a token until 80 % of its life have passed; an expired token is never answered.
 */
export class ServiceAccountTokens {
  readonly #client: Client;
  readonly #host: Host;
  readonly #held = new Map<string, HeldToken>();

  constructor(client: Client, host: Host) {
    this.#client = client;
    this.#host = host;
  }

  async token(pod: Pod, projection: Pick<ServiceAccountTokenProjection, "audience" | "expirationSeconds">): Promise<FreshToken> {
    const now = this.#host.clock.now();
    const key = `${pod.metadata?.uid}/${projection.audience ?? ""}/${projection.expirationSeconds ?? ""}`;
    const held = this.#held.get(key);
    if (held !== undefined && now < held.renewMs) return held;
    try {
      const fresh = await this.#request(pod, projection);
      this.#held.set(key, fresh);
      return fresh;
    } catch (error) {
      if (held === undefined || now >= held.expiresMs) throw error;
      held.renewMs = now + RETRY_MS;
      return held;
    }
  }

  /** Forgets the tokens of a Pod that is gone. */
  forget(podUid: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(`${podUid}/`)) this.#held.delete(key);
  }

  async #request(pod: Pod, projection: Pick<ServiceAccountTokenProjection, "audience" | "expirationSeconds">): Promise<HeldToken> {
    const { name, namespace, uid } = pod.metadata ?? {};
    const account = pod.spec?.serviceAccountName || "default";
    const expirationSeconds = projection.expirationSeconds ?? DEFAULT_LIFETIME_SECONDS;
    const body: TokenRequest = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        audiences: projection.audience ? [projection.audience] : [],
        expirationSeconds,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
      },
    };
    const path = resourcePath(serviceAccountKind, { namespace, name: account, subresource: "token" });
    const askedMs = this.#host.clock.now();
    const answer = (await this.#client.raw({ method: "POST", path, body })) as TokenRequest;
    const expiresMs = parseTime(answer.status?.expirationTimestamp) ?? askedMs + expirationSeconds * 1000;
    const lifeMs = expiresMs - askedMs;
    // Spread a little, so that the tokens of Pods that were started together are not renewed together.
    const renewMs = askedMs + Math.min(lifeMs * RENEW_AFTER, RENEW_AT_LATEST_MS) - this.#host.random.next() * 10_000;
    return { token: answer.status?.token ?? "", expiresMs, renewMs };
  }
}
