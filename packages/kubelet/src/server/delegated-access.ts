import type { Clock } from "@skiff/base";
import { subjectAccessReviewKind, tokenReviewKind } from "@skiff/api";
import type { Client } from "@skiff/client";
import type { NodeAccess } from "./kubelet-authorization.ts";
import type { KubeletUser } from "./kubelet-request.ts";

/** Answers are kept so long (upstream's defaults for the kubelet's webhooks). */
const ALLOWED_MS = 300_000;
const REFUSED_MS = 30_000;
const TOKEN_MS = 120_000;
/** Past it the oldest answers are forgotten and asked for again. */
const MAX_ANSWERS = 1000;

class AnswerCache<T> {
  readonly #clock: Clock;
  readonly #answers = new Map<string, { readonly value: T; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): { readonly value: T } | undefined {
    const answer = this.#answers.get(key);
    return answer !== undefined && this.#clock.monotonic() < answer.untilMs ? answer : undefined;
  }

  set(key: string, value: T, lifeMs: number): void {
    this.#answers.delete(key);
    this.#answers.set(key, { value, untilMs: this.#clock.monotonic() + lifeMs });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MAX_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
  }
}

/** Asks the API server whether someone may use the node's subresources (SubjectAccessReview). Rejects when it is not reached. */
export function reviewedAccess(
  client: Client,
  clock: Clock,
  nodeName: string,
): (user: KubeletUser, access: NodeAccess) => Promise<boolean> {
  const cache = new AnswerCache<boolean>(clock);
  const ask = async (user: KubeletUser, verb: string, subresource: string): Promise<boolean> => {
    const key = JSON.stringify([user.name, user.groups, verb, subresource]);
    const known = cache.get(key);
    if (known !== undefined) return known.value;
    const review = await client.resource(subjectAccessReviewKind).create({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: user.name,
        groups: [...user.groups],
        resourceAttributes: { verb, group: "", version: "v1", resource: "nodes", subresource, name: nodeName },
      },
    });
    const allowed = review.status?.allowed === true;
    cache.set(key, allowed, allowed ? ALLOWED_MS : REFUSED_MS);
    return allowed;
  };
  return async (user, { verb, subresources }) => {
    for (const subresource of subresources) if (await ask(user, verb, subresource)) return true;
    return false;
  };
}

/** Asks the API server who holds a token (TokenReview). */
export function reviewedTokens(client: Client, clock: Clock): (token: string) => Promise<KubeletUser | undefined> {
  const cache = new AnswerCache<KubeletUser | undefined>(clock);
  return async (token) => {
    const known = cache.get(token);
    if (known !== undefined) return known.value;
    const review = await client
      .resource(tokenReviewKind)
      .create({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } });
    const { authenticated, user } = review.status ?? {};
    const found = authenticated && user?.username ? { name: user.username, groups: user.groups ?? [] } : undefined;
    cache.set(token, found, TOKEN_MS);
    return found;
  };
}
