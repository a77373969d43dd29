import { apiServiceKind, isJsonObject, isStatus, statusError, type APIService, type APIServiceCondition, type JsonValue } from "@skiff/api";
import { messageOf, sleep, timestamp, type Host } from "@skiff/base";
import type { Client } from "@skiff/client";
import type { ObjectReader } from "../object-reader.ts";
import type { ConnectTarget, NodeConnector } from "../ports/node-connector.ts";
import { wholeBody } from "../ports/whole-body.ts";
import { serviceEndpoints } from "../ports/service-endpoints.ts";
import { EVERYTHING } from "../registry/selection.ts";
import type { WatchCache } from "../registry/watch-cache.ts";
import type { ServedResources } from "../served-resources.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { apiServiceName, AUTO_MANAGED_LABEL, localApiService } from "./local-api-services.ts";

/** How often extension servers are asked whether they are well. */
const CHECK_PERIOD_MS = 30_000;
/** A check that takes longer has failed. */
const CHECK_TIMEOUT_MS = 5000;
/** A larger list of resources is none. */
const MAX_DISCOVERY_BYTES = 1024 * 1024;

/** A resource as an extension server lists it (`metav1.APIResource`). */
export interface ExtensionResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** A group's version that an extension server serves. */
interface AggregatedVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  /** What it serves; absent while it does not answer. */
  readonly resources: readonly ExtensionResource[] | undefined;
}

/** What keeps aggregated APIs. */
interface AggregationParts {
  readonly host: Host;
  /** The APIServices. */
  readonly cache: WatchCache;
  readonly reader: ObjectReader;
  readonly resources: ServedResources;
  /** Reaches extension servers, with the front proxy's certificate. */
  readonly connector: NodeConnector;
  /** Acts for the server itself. */
  readonly client: Client;
}

/**
 * The groups and versions that APIServices hand over to extension servers. Watches over whether these answer, tells so in the
 * APIServices' status, and keeps APIServices for what the server serves itself.
 */
export class AggregatedApis {
  readonly #parts: AggregationParts;
  readonly #stop = new AbortController();
  readonly #discovered = new Map<string, readonly ExtensionResource[]>();
  #unobserve: () => void = () => {};
  #wake: AbortController | undefined;
  #generation = 0;

  constructor(parts: AggregationParts) {
    this.#parts = parts;
  }

  /** Raised by every change of what is served. */
  get generation(): number {
    return this.#generation;
  }

  start(): void {
    this.#unobserve = this.#parts.cache.observe(({ current, previous }) => {
      this.#generation++;
      // What the checks themselves write is no reason for another one.
      if (JSON.stringify(specOf(current?.object)) !== JSON.stringify(specOf(previous?.object))) this.#wake?.abort(new Error("changed"));
    });
    void this.#run();
  }

  stop(): void {
    this.#unobserve();
    this.#stop.abort(new Error("the server is shutting down"));
  }

  /** Looks again at once: what the server serves itself has changed. */
  check(): void {
    this.#wake?.abort(new Error("changed"));
  }

  /** The APIService that hands this group's version over, if there is one. */
  find(group: string, version: string): APIService | undefined {
    const service = this.#parts.cache.objects.get("", apiServiceName(group, version))?.object as APIService | undefined;
    return service?.spec?.service ? service : undefined;
  }

  /** All versions that are handed over. */
  versions(): AggregatedVersion[] {
    return this.#remotes().map((service) => {
      const { group = "", version = "", groupPriorityMinimum, versionPriority } = service.spec as NonNullable<APIService["spec"]>;
      const resources = this.#discovered.get(service.metadata?.name ?? "");
      return { group, version, groupPriority: groupPriorityMinimum, versionPriority, resources };
    });
  }

  /** One of the addresses behind an APIService. Errors: `ServiceUnavailable` when there is none. */
  targetOf(service: APIService): ConnectTarget {
    const { service: reference, caBundle, insecureSkipTLSVerify = false } = service.spec ?? {};
    const { namespace = "", name = "", port = 443 } = reference ?? {};
    const behind = this.#parts.reader.get(RESOURCES.services, namespace, name);
    if (behind === undefined) throw unavailable("ServiceNotFound", `service/${name} in "${namespace}" is not present`);
    const [endpoint] = serviceEndpoints(this.#parts.reader, behind, String(port));
    if (endpoint === undefined) {
      const portName = behind.spec?.ports?.find((each) => each.port === port)?.name ?? "";
      throw unavailable(
        "MissingEndpoints",
        `endpoints for service/${name} in "${namespace}" have no addresses with port name "${portName}"`,
      );
    }
    return {
      type: "extension",
      host: endpoint.address,
      port: endpoint.port,
      serverName: `${name}.${namespace}.svc`,
      ...(caBundle ? { authorityPem: Buffer.from(caBundle, "base64").toString() } : {}),
      insecure: insecureSkipTLSVerify,
    };
  }

  #remotes(): APIService[] {
    const all = Array.from(this.#parts.cache.objects.select(EVERYTHING), ({ object }) => object as APIService);
    return all.filter(({ spec }) => spec?.service !== undefined && spec.service !== null);
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts.host;
    while (!this.#stop.signal.aborted) {
      const wake = (this.#wake = new AbortController());
      try {
        await this.#registerLocal();
        await Promise.all(this.#remotes().map((service) => this.#check(service)));
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        log.warn("the APIServices could not be looked after", { error: messageOf(error) });
      }
      await sleep(clock, CHECK_PERIOD_MS, AbortSignal.any([this.#stop.signal, wake.signal])).catch(() => {});
    }
  }

  /** APIServices for what the server serves itself: upstream's clients list them. */
  async #registerLocal(): Promise<void> {
    const { resources, cache, client } = this.#parts;
    const services = client.resource(apiServiceKind);
    const wanted = new Set<string>();
    for (const { group, versions } of resources.groups()) {
      // As upstream, the group that APIServices themselves are in has none.
      if (group === apiServiceKind.group) continue;
      for (const [rank, version] of versions.entries()) {
        const local = localApiService(group, version, rank);
        const name = local.metadata?.name ?? "";
        wanted.add(name);
        if (cache.objects.get("", name) !== undefined) continue;
        await services.create(local).catch((error: unknown) => {
          if (!isStatus(error, "AlreadyExists")) throw error;
        });
        await this.#report(local, { status: "True", reason: "Local", message: "Local APIServices are always available" });
      }
    }
    const present = Array.from(cache.objects.select(EVERYTHING));
    const stale = present.filter(({ metadata, name }) => metadata.labels?.[AUTO_MANAGED_LABEL] !== undefined && !wanted.has(name));
    for (const { name } of stale) {
      await services.delete({ name }).catch((error: unknown) => {
        if (!isStatus(error, "NotFound")) throw error;
      });
    }
  }

  async #check(service: APIService): Promise<void> {
    const name = service.metadata?.name ?? "";
    const { group = "", version = "" } = service.spec ?? {};
    try {
      const target = this.targetOf(service);
      const resources = await this.#discover(target, `/apis/${group}/${version}`);
      this.#keep(name, resources);
      await this.#report(service, { status: "True", reason: "Passed", message: "all checks passed" });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#keep(name, undefined);
      const reason = (isStatus(error) ? error.status.details?.causes?.[0]?.reason : undefined) ?? "FailedDiscoveryCheck";
      const message = reason === "FailedDiscoveryCheck" ? `failing or missing response: ${messageOf(error)}` : messageOf(error);
      await this.#report(service, { status: "False", reason, message });
    }
  }

  #keep(name: string, resources: readonly ExtensionResource[] | undefined): void {
    if (JSON.stringify(this.#discovered.get(name)) === JSON.stringify(resources)) return;
    if (resources === undefined) this.#discovered.delete(name);
    else this.#discovered.set(name, resources);
    this.#generation++;
  }

  async #discover(target: ConnectTarget, path: string): Promise<readonly ExtensionResource[]> {
    const { clock } = this.#parts.host;
    const giveUp = new AbortController();
    const timer = clock.setTimeout(() => giveUp.abort(new Error("context deadline exceeded")), CHECK_TIMEOUT_MS);
    try {
      const headers = { accept: "application/json", "x-remote-user": "system:kube-aggregator", "x-remote-group": "system:masters" };
      const answer = await this.#parts.connector.request(target, { method: "GET", path, query: "", headers, signal: giveUp.signal });
      const body = await wholeBody(answer, MAX_DISCOVERY_BYTES);
      if (answer.status !== 200) throw new Error(`bad status from ${path}: ${answer.status}`);
      return resourcesOf(JSON.parse(body.toString()) as JsonValue);
    } finally {
      timer.cancel();
    }
  }

  async #report(service: APIService, condition: Pick<APIServiceCondition, "status" | "reason" | "message">): Promise<void> {
    const { client, cache, host } = this.#parts;
    const name = service.metadata?.name ?? "";
    const live = cache.objects.get("", name)?.object as APIService | undefined;
    const known = live?.status?.conditions?.find(({ type }) => type === "Available");
    if (known?.status === condition.status && known.reason === condition.reason && known.message === condition.message) return;
    const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : timestamp(host.clock);
    const others = (live?.status?.conditions ?? []).filter(({ type }) => type !== "Available");
    const conditions = [...others, { type: "Available", lastTransitionTime, ...condition }];
    await client
      .resource(apiServiceKind)
      .patch({ name }, { status: { conditions } }, { subresource: "status" })
      .catch((error: unknown) => {
        if (!isStatus(error, "NotFound")) throw error;
      });
  }
}

function unavailable(reason: string, message: string): Error {
  return statusError("ServiceUnavailable", message, { causes: [{ reason, message }] });
}

function specOf(object: unknown): unknown {
  return (object as APIService | undefined)?.spec;
}

/** Only what has the form of a list of resources is taken over. */
function resourcesOf(value: JsonValue): ExtensionResource[] {
  const list = isJsonObject(value) ? value["resources"] : undefined;
  if (!Array.isArray(list)) throw new Error("the answer is no APIResourceList");
  return list.filter(
    (each) => isJsonObject(each) && typeof each["name"] === "string" && typeof each["kind"] === "string" && Array.isArray(each["verbs"]),
  ) as unknown as ExtensionResource[];
}
