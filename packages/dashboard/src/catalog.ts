import { groupResource, namespaceKind, parseApiVersion, type OwnerReference } from "@skiff/api";
import type { Clock } from "@skiff/base";
import { discoverResources, type Client, type DiscoveredResource } from "@skiff/client";
import { PageError } from "./page-error.ts";

/** So long an answer of discovery is taken for true; new custom resources show up after it at the latest. */
const FRESH_MS = 15_000;
/** More namespaces than these are not offered for choice. */
const NAMESPACE_LIMIT = 500;

/** What the API server serves, as seen by one user. */
export class Catalog {
  readonly #client: Client;
  readonly #clock: Clock;
  #resources: { readonly askedAtMs: number; readonly answer: Promise<readonly DiscoveredResource[]> } | undefined;

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Every resource whose objects can be listed and read. */
  resources(): Promise<readonly DiscoveredResource[]> {
    const nowMs = this.#clock.monotonic();
    if (this.#resources === undefined || nowMs - this.#resources.askedAtMs > FRESH_MS) {
      const answer = discoverResources(this.#client).then(({ resources }) =>
        resources.filter(({ verbs }) => verbs.includes("list") && verbs.includes("get")),
      );
      // A failure is not remembered.
      answer.catch(() => (this.#resources = undefined));
      this.#resources = { askedAtMs: nowMs, answer };
    }
    return this.#resources.answer;
  }

  /** The resource of a name such as `deployments.apps`. Errors: rejects with a {@link PageError} when there is none. */
  async resource(name: string | null): Promise<DiscoveredResource> {
    const found = (await this.resources()).find((resource) => groupResource(resource) === name);
    if (found === undefined) throw new PageError(404, `The API server does not serve "${name ?? ""}".`);
    return found;
  }

  /** The same, `undefined` when it is not served. */
  async find(name: string): Promise<DiscoveredResource | undefined> {
    return (await this.resources()).find((resource) => groupResource(resource) === name);
  }

  /** The resource that holds the objects of a kind, in whatever version. */
  async ofKind({ apiVersion, kind }: Pick<OwnerReference, "apiVersion" | "kind">): Promise<DiscoveredResource | undefined> {
    const { group } = parseApiVersion(apiVersion);
    return (await this.resources()).find((resource) => resource.group === group && resource.kind === kind);
  }

  /** The names of the namespaces; `undefined` when the user may not see them. */
  async namespaces(): Promise<readonly string[] | undefined> {
    try {
      const { items } = await this.#client.resource(namespaceKind).list({ limit: NAMESPACE_LIMIT, metadataOnly: true });
      return items.map(({ metadata }) => metadata?.name ?? "");
    } catch {
      return undefined;
    }
  }
}
