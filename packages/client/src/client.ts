import {
  PATCH_TYPES,
  resourcePath,
  type ApiRequest,
  type KubeList,
  type KubeObject,
  type Query,
  type Resource,
  type Status,
  type Transport,
  type WatchEvent,
  type WatchHandle,
} from "@skiff/api";

/** Where an object lives. `namespace` is left out for cluster-wide kinds. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}

/** What to list or watch. */
export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan";
  /** Fetch only `metadata` (`PartialObjectMetadata`, `PartialObjectMetadataList`). */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

const METADATA_HEADERS = { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json" };
const METADATA_LIST_HEADERS = { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json" };

/** Options of a watch beside those of a list. */
export interface WatchOptions extends ListOptions {
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
}

/** Options of every write. */
export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  readonly subresource?: string;
}

/** The kinds of patch. `apply` is server-side apply and needs a `fieldManager`. */
export type PatchType = keyof typeof PATCH_TYPES;

/** Options of a patch. */
export interface PatchOptions extends WriteOptions {
  /** Default `merge`. */
  readonly type?: PatchType;
  /** With `apply`: take fields over from other managers. */
  readonly force?: boolean;
}

/** Options of a deletion. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

/**
 * Speaks to one API server about any kind: `client.resource(podKind).list({ namespace: "default" })`.
 *
 * Errors: every method rejects with a `StatusError` for answers of the server, and with any other error when the
 * server was not reached. Answers are frozen and possibly shared with others.
 */
export class Client {
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  resource<T extends KubeObject>(resource: Resource<T>): ResourceClient<T> {
    return new ResourceClient(this.transport, resource);
  }

  /** Any other request, for example to `/version`. */
  async raw(request: ApiRequest): Promise<unknown> {
    return (await this.transport.request(request)).body;
  }
}

/** The part of a {@link Client} for one kind. */
export class ResourceClient<T extends KubeObject> {
  readonly #transport: Transport;
  readonly #resource: Resource<T>;

  constructor(transport: Transport, resource: Resource<T>) {
    this.#transport = transport;
    this.#resource = resource;
  }

  async get(ref: ObjectRef, options: { readonly subresource?: string; readonly resourceVersion?: string } = {}): Promise<T> {
    const { subresource, ...query } = options;
    return this.#send("GET", { ...ref, subresource }, query);
  }

  /** One page of `limit` objects, or all of them. */
  async list(options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, signal, metadataOnly, ...query } = options;
    const headers = metadataOnly ? METADATA_LIST_HEADERS : undefined;
    const response = await this.#transport.request({ method: "GET", path: this.#path({ namespace }), query, headers, signal });
    return response.body as KubeList<T>;
  }

  watch(options: WatchOptions, onEvents: (events: readonly WatchEvent<T>[]) => void): Promise<WatchHandle> {
    const { namespace, signal, metadataOnly, ...query } = options;
    const headers = metadataOnly ? METADATA_HEADERS : undefined;
    const request: ApiRequest = { method: "GET", path: this.#path({ namespace }), query: { ...query, watch: true }, headers, signal };
    return this.#transport.watch(request, onEvents as (events: readonly WatchEvent[]) => void);
  }

  /** Creates `object` in its `metadata.namespace`. */
  async create(object: T, options: WriteOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata ?? {};
    const target = options.subresource === undefined ? { namespace } : { namespace, name, subresource: options.subresource };
    return this.#send("POST", target, writeQuery(options), object);
  }

  /** Posts `body` to a subresource of the object `ref`, such as `eviction` or `token`, and answers what it made. */
  async createSubresource<Body extends KubeObject>(
    ref: ObjectRef,
    subresource: string,
    body: Body,
    options: WriteOptions = {},
  ): Promise<Body> {
    return (await this.#send("POST", { ...ref, subresource }, writeQuery(options), body)) as unknown as Body;
  }

  /** Replaces the object of that name; with a `resourceVersion` only if it is still the stored one. */
  async update(object: T, options: WriteOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata ?? {};
    return this.#send("PUT", { namespace, name, subresource: options.subresource }, writeQuery(options), object);
  }

  /** Replaces the `status` of the object and nothing else. */
  async updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.update(object, { ...options, subresource: "status" });
  }

  async patch(ref: ObjectRef, patch: unknown, options: PatchOptions = {}): Promise<T> {
    const { type = "merge", force, subresource } = options;
    const query = { ...writeQuery(options), force };
    return this.#send("PATCH", { ...ref, subresource }, query, patch, { "content-type": PATCH_TYPES[type] });
  }

  /** Answers the object as it was last seen, or a `Status` when it went at once. */
  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<T | Status> {
    return this.#send("DELETE", ref, {}, deleteBody(options));
  }

  async deleteCollection(list: ListOptions, options: DeleteOptions = {}): Promise<void> {
    const { namespace, signal: _signal, ...query } = list;
    await this.#send("DELETE", { namespace }, query, deleteBody(options));
  }

  #path(target: { namespace?: string; name?: string; subresource?: string }): string {
    return resourcePath(this.#resource, target);
  }

  async #send(
    method: ApiRequest["method"],
    target: { namespace?: string; name?: string; subresource?: string },
    query: Query,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T> {
    const response = await this.#transport.request({ method, path: this.#path(target), query, body, headers });
    return response.body as T;
  }
}

function writeQuery(options: WriteOptions): Query {
  const { dryRun, fieldManager, fieldValidation } = options;
  return { dryRun: dryRun ? "All" : undefined, fieldManager, fieldValidation };
}

function deleteBody(options: DeleteOptions): unknown {
  const { dryRun, ...rest } = options;
  return { apiVersion: "v1", kind: "DeleteOptions", ...rest, ...(dryRun ? { dryRun: ["All"] } : {}) };
}
