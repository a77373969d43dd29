import { messageOf, sleep, timestamp, type Host } from "@skiff/base";
import {
  isConditionTrue,
  customResourceDefinitionKind,
  isStatus,
  jsonEquals,
  type CustomResourceDefinition,
  type CustomResourceDefinitionStatus,
  type KindDefinition,
  type SchemaRegistry,
} from "@skiff/api";
import type { Client } from "@skiff/client";
import type { WebhookTransport } from "../admission/webhook/webhook-transport.ts";
import { EVERYTHING } from "../registry/selection.ts";
import type { WatchCache } from "../registry/watch-cache.ts";
import type { ResourceSource, ServedResources } from "../served-resources.ts";
import { customKind, type CustomKind } from "./custom-kind.ts";
import { withCondition } from "./definition-conditions.ts";
import { CLEANUP_FINALIZER } from "./definition-strategy.ts";
import { nameConflict } from "./name-conflict.ts";
import { versionConverter } from "./version-converter.ts";
import { VersionedStorage } from "./versioned-storage.ts";

/** After a failure the definition is looked at again this much later. */
const RETRY_DELAY_MS = 1000;

/** What keeps custom kinds served. */
interface CustomResourceParts {
  readonly host: Host;
  readonly schemas: SchemaRegistry;
  readonly resources: ServedResources;
  /** The definitions. */
  readonly cache: WatchCache;
  /** Acts for the server itself. */
  readonly client: Client;
  readonly addKind: (kind: KindDefinition, source: ResourceSource) => Promise<void>;
  readonly removeKind: (kind: KindDefinition) => void;
  /** Reaches conversion webhooks. */
  readonly webhooks: WebhookTransport | undefined;
  readonly cacheOf: (kind: KindDefinition) => WatchCache | undefined;
}

interface Served {
  readonly custom: CustomKind;
  readonly spec: CustomResourceDefinition["spec"];
}

/**
 * Serves what CustomResourceDefinitions define, from the moment in which they are stored, and tells in their status whether
 * it does. When one is deleted, its objects are deleted first.
 *
 * Guarantees: one definition is worked on at a time; a change that comes meanwhile is not lost.
 */
export class CustomResourceDefinitions {
  readonly #parts: CustomResourceParts;
  readonly #served = new Map<string, Served>();
  readonly #queue = new Set<string>();
  readonly #stop = new AbortController();
  #unobserve: () => void = () => {};
  #working: Promise<void> | undefined;

  constructor(parts: CustomResourceParts) {
    this.#parts = parts;
  }

  start(): void {
    const { cache } = this.#parts;
    this.#unobserve = cache.observe(({ current, previous }) => this.#enqueue((current ?? previous)?.name ?? ""));
    for (const { name } of cache.objects.select(EVERYTHING)) this.#enqueue(name);
  }

  stop(): void {
    this.#unobserve();
    this.#queue.clear();
    this.#stop.abort(new Error("the server is shutting down"));
  }

  /** Resolves when all definitions that are known so far have been worked on. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  #enqueue(name: string): void {
    if (name === "" || this.#stop.signal.aborted) return;
    this.#queue.add(name);
    this.#wake();
  }

  #wake(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      if (this.#queue.size > 0) this.#wake();
    });
  }

  async #work(): Promise<void> {
    // Behind the event that called: its write is answered first.
    await Promise.resolve();
    for (const name of this.#queue) {
      this.#queue.delete(name);
      try {
        await this.#reconcile(name);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#parts.host.log.warn("a custom resource definition cannot be served yet", { name, error: messageOf(error) });
        void sleep(this.#parts.host.clock, RETRY_DELAY_MS, this.#stop.signal).then(
          () => this.#enqueue(name),
          () => {},
        );
      }
    }
  }

  async #reconcile(name: string): Promise<void> {
    const definition = this.#parts.cache.objects.get("", name)?.object as CustomResourceDefinition | undefined;
    if (definition === undefined) return this.#withdraw(name);
    if (definition.metadata?.deletionTimestamp !== undefined) return this.#cleanUp(definition);
    const status = this.#acceptNames(definition);
    if (isConditionTrue(status.conditions, "NamesAccepted")) await this.#serve(name, definition);
    await this.#writeStatus(definition, status);
  }

  async #serve(name: string, definition: CustomResourceDefinition): Promise<void> {
    const served = this.#served.get(name);
    if (served !== undefined && jsonEquals(served.spec, definition.spec)) return;
    this.#withdraw(name);
    const custom = customKind(definition);
    for (const [schema, value] of custom.schemas) this.#parts.schemas.add(schema, value);
    const { host, schemas, webhooks } = this.#parts;
    const converter = versionConverter(definition, { host, transport: webhooks });
    const versions = custom.versions.map((version) => ({
      ...version,
      storage: needsConversion(definition) ? new VersionedStorage(version.kind, custom.kind, schemas, converter) : undefined,
    }));
    await this.#parts.addKind(custom.kind, { structural: true, servedVersions: custom.servedVersions, versions });
    this.#served.set(name, { custom, spec: definition.spec });
  }

  #withdraw(name: string): void {
    const served = this.#served.get(name);
    if (served === undefined) return;
    this.#served.delete(name);
    this.#parts.removeKind(served.custom.kind);
    for (const schema of served.custom.schemas.keys()) this.#parts.schemas.remove(schema);
  }

  /** The status that says whether the names are free, and that the kind is served if they are. */
  #acceptNames(definition: CustomResourceDefinition): CustomResourceDefinitionStatus {
    const { host, resources, cache } = this.#parts;
    const others = Array.from(cache.objects.select(EVERYTHING), ({ object }) => object as CustomResourceDefinition);
    const own = new Set(this.#served.get(definition.metadata?.name ?? "")?.custom.versions.map(({ kind }) => kind));
    const conflict = nameConflict(
      definition,
      others,
      [...resources.all()].map(({ kind }) => kind).filter((kind) => !own.has(kind)),
    );
    const lastTransitionTime = timestamp(host.clock);
    const accepted = { type: "NamesAccepted", lastTransitionTime };
    if (conflict !== undefined) {
      const refused = withCondition(definition.status, { ...accepted, status: "False", ...conflict });
      if (isConditionTrue(definition.status?.conditions, "Established")) return refused;
      return withCondition(refused, {
        type: "Established",
        status: "False",
        reason: "NotAccepted",
        message: "not all names are accepted",
        lastTransitionTime,
      });
    }
    const status = withCondition(definition.status, { ...accepted, status: "True", reason: "NoConflicts", message: "no conflicts found" });
    const established = withCondition(status, {
      type: "Established",
      status: "True",
      reason: "InitialNamesAccepted",
      message: "the initial names have been accepted",
      lastTransitionTime,
    });
    return { ...established, acceptedNames: definition.spec.names };
  }

  async #writeStatus(definition: CustomResourceDefinition, status: CustomResourceDefinitionStatus): Promise<void> {
    if (jsonEquals(status, definition.status)) return;
    try {
      await this.#parts.client.resource(customResourceDefinitionKind).updateStatus({ ...definition, status });
    } catch (error) {
      // Somebody was faster: their change brings the definition here again.
      if (!isStatus(error, "Conflict", "NotFound")) throw error;
    }
  }

  /** Deletes the objects, waits until they are gone, and lets the definition go. */
  async #cleanUp(definition: CustomResourceDefinition): Promise<void> {
    const { client, cacheOf, host } = this.#parts;
    const { name = "", finalizers = [] } = definition.metadata ?? {};
    if (!finalizers.includes(CLEANUP_FINALIZER)) return;
    await this.#serve(name, definition);
    const kind = this.#served.get(name)?.custom.kind;
    const cache = kind === undefined ? undefined : cacheOf(kind);
    if (kind !== undefined && cache !== undefined && cache.objects.size > 0) {
      for (const { object, namespace, name: item } of cache.objects.select(EVERYTHING)) {
        if (object.metadata?.deletionTimestamp !== undefined) continue;
        const ref = namespace === "" ? { name: item } : { namespace, name: item };
        await client
          .resource(kind)
          .delete(ref)
          .catch((error: unknown) => {
            if (!isStatus(error, "NotFound")) throw error;
          });
      }
      if (cache.objects.size > 0) throw new Error("some of its objects wait for their finalizers");
    }
    const status = withCondition(definition.status, {
      type: "Terminating",
      status: "False",
      reason: "InstanceDeletionCompleted",
      message: "removed all instances",
      lastTransitionTime: timestamp(host.clock),
    });
    await this.#writeStatus(definition, status);
    const remaining = finalizers.filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
    await client.resource(customResourceDefinitionKind).patch({ name }, { metadata: { finalizers: remaining } });
  }
}

/** Whether objects may be stored in another version than they are asked for. */
function needsConversion({ spec, status }: CustomResourceDefinition): boolean {
  return spec.versions.length > 1 || (status?.storedVersions ?? []).some((name) => name !== spec.versions[0]?.name);
}
