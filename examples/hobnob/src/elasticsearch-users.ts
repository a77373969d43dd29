import { createHash } from "node:crypto";
import type { Profile, User } from "./user.ts";
import { type StoredUser, StoreUnavailable, type UserStore } from "./user-store.ts";

/** How to reach Elasticsearch (version 6). */
interface ElasticsearchOptions {
  /** For example `http://elasticsearch:9200`. */
  readonly url: string;
  readonly index: string;
  readonly fetch: typeof fetch;
}

const TIMEOUT_MS = 10_000;

/** How often a change is begun again because somebody else wrote the same user in between. */
const CONFLICT_ATTEMPTS = 5;

interface Hit {
  readonly _id: string;
  readonly _version: number;
  readonly _source: User;
}

interface Answer {
  readonly status: number;
  readonly body: { readonly hits?: { readonly hits: readonly Hit[] }; readonly status?: string } & Partial<Hit>;
}

/** Users in an index of Elasticsearch. Holds no state of its own, so that any number of copies may run. */
export class ElasticsearchUsers implements UserStore {
  readonly #options: ElasticsearchOptions;

  constructor(options: ElasticsearchOptions) {
    this.#options = options;
  }

  /** The id follows from the e-mail address: the index itself sees to it that an address is used once. */
  async create(user: User): Promise<string | undefined> {
    const id = createHash("sha256").update(user.email.toLowerCase()).digest("base64url").slice(0, 20);
    const { status } = await this.#call("PUT", `user/${id}/_create?refresh=wait_for`, [201, 409], user);
    return status === 201 ? id : undefined;
  }

  async get(id: string): Promise<StoredUser | undefined> {
    const hit = await this.#find(id);
    return hit && { ...hit._source, id: hit._id };
  }

  async search(words: string | undefined, limit: number): Promise<readonly StoredUser[]> {
    const query =
      words === undefined
        ? { match_all: {} }
        : { multi_match: { query: words, fields: ["email", "profile.summary", "profile.bio", "profile.name.*"], lenient: true } };
    const { body } = await this.#call("POST", "user/_search?ignore_unavailable=true", [200], { query, size: limit });
    return (body.hits?.hits ?? []).map(({ _id, _source }) => ({ ..._source, id: _id }));
  }

  async changeProfile(id: string, change: (profile: Profile) => Profile): Promise<boolean> {
    for (let attempt = 0; attempt < CONFLICT_ATTEMPTS; attempt++) {
      const hit = await this.#find(id);
      if (hit === undefined) return false;
      const changed: User = { ...hit._source, profile: change(hit._source.profile) };
      const path = `user/${encodeURIComponent(id)}?version=${hit._version}&refresh=wait_for`;
      const { status } = await this.#call("PUT", path, [200, 409], changed);
      if (status === 200) return true;
    }
    throw new StoreUnavailable(`user ${id} is being changed all the time`);
  }

  async remove(id: string): Promise<boolean> {
    const { status } = await this.#call("DELETE", `user/${encodeURIComponent(id)}?refresh=wait_for`, [200, 404]);
    return status === 200;
  }

  async ready(): Promise<boolean> {
    try {
      const response = await this.#fetch("GET", `${this.#options.url}/_cluster/health?local=true`);
      const { status } = (await response.json()) as { readonly status?: string };
      return response.ok && status !== "red";
    } catch {
      return false;
    }
  }

  async #find(id: string): Promise<Hit | undefined> {
    const { status, body } = await this.#call("GET", `user/${encodeURIComponent(id)}`, [200, 404]);
    return status === 200 ? (body as Hit) : undefined;
  }

  async #call(method: string, path: string, expected: readonly number[], content?: unknown): Promise<Answer> {
    const { url, index } = this.#options;
    let answer: Answer;
    try {
      const response = await this.#fetch(method, `${url}/${index}/${path}`, content);
      answer = { status: response.status, body: (await response.json()) as Answer["body"] };
    } catch (cause) {
      throw new StoreUnavailable(`Elasticsearch does not answer: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    if (!expected.includes(answer.status)) throw new StoreUnavailable(`Elasticsearch answered ${answer.status} to ${method} ${path}`);
    return answer;
  }

  #fetch(method: string, url: string, content?: unknown): Promise<Response> {
    const body = content === undefined ? {} : { body: JSON.stringify(content), headers: { "content-type": "application/json" } };
    return this.#options.fetch(url, { method, signal: AbortSignal.timeout(TIMEOUT_MS), ...body });
  }
}
