import { deepFreeze, formatTime, hostUid, nameSuffix, type Host } from "@skiff/base";
import {
  allKinds,
  alreadyExists,
  apiVersionOf,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  builtInSchemas,
  conflict,
  invalid,
  matchesFields,
  notFound,
  objectKey,
  parseFieldSelector,
  parseSelector,
  PATCH_TYPES,
  semanticEqual,
  statusError,
  type ApiRequest,
  type ApiResponse,
  type JsonValue,
  type KindDefinition,
  type KubeObject,
  type ObjectMeta,
  type Transport,
  type WatchEvent,
  type WatchHandle,
} from "@skiff/api";
import { discoveryDocument } from "./memory-discovery.ts";

type Json = Record<string, unknown>;
type AnyObject = KubeObject & { spec?: Json & { finalizers?: string[] }; status?: Json };

interface Target {
  readonly kind: KindDefinition;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string | undefined;
}

interface LoggedEvent {
  readonly revision: number;
  readonly kind: KindDefinition;
  readonly event: WatchEvent;
}

interface Watcher {
  readonly kind: KindDefinition;
  readonly fits: (object: KubeObject) => boolean;
  readonly send: (event: WatchEvent) => void;
  readonly end: (error?: Error) => void;
}

/**
 * A small API server in memory, made from the kind definitions: defaults, preparation and validation are the real ones.
 * It stands in for the API server in the tests of packages that may not import that one. No authentication, admission,
 * server-side apply or subresources other than `status`, `finalize`, `binding` and `scale`-free writes.
 */
export class MemoryApi implements Transport {
  readonly #host: Host;
  readonly #kinds: KindDefinition[] = [...allKinds];
  readonly #schemas = builtInSchemas();
  readonly #objects = new Map<KindDefinition, Map<string, AnyObject>>();
  readonly #log: LoggedEvent[] = [];
  readonly #watchers = new Set<Watcher>();
  #revision = 1;
  #compacted = 0;
  /** Every write that was asked for, in order. */
  readonly writes: { readonly method: string; readonly path: string; readonly body: unknown }[] = [];
  /** Called first with every request; what it throws is the answer. */
  intercept: (request: ApiRequest) => void = () => {};
  /** Refuses `sendInitialEvents`, as servers before 1.27 do. */
  refusesInitialEvents = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Serves a further kind, as a CustomResourceDefinition would. */
  addKind(kind: KindDefinition): void {
    this.#kinds.push(kind);
  }

  get revision(): number {
    return this.#revision;
  }

  /** Ends all watches: in order, or with an error as a broken connection does. */
  endWatches(error?: Error): void {
    for (const watcher of this.#watchers) watcher.end(error);
    this.#watchers.clear();
  }

  /** Forgets all history: a watch from an older revision gets 410. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#log.length = 0;
  }

  // oxlint-disable-next-line require-await -- the port is asynchronous
  async request(request: ApiRequest): Promise<ApiResponse> {
    request.signal?.throwIfAborted();
    if (request.method !== "GET") this.writes.push({ method: request.method, path: request.path, body: request.body });
    this.intercept(request);
    const document = request.method === "GET" ? discoveryDocument(request.path, this.#kinds) : undefined;
    const body = deepFreeze(document ?? this.#handle(request, this.#target(request.path)));
    return { status: 200, headers: {}, body };
  }

  stream(): Promise<AsyncIterable<Uint8Array>> {
    return Promise.reject(new Error("not in memory"));
  }

  // oxlint-disable-next-line require-await -- the port is asynchronous
  async watch(request: ApiRequest, onEvents: (events: readonly WatchEvent[]) => void): Promise<WatchHandle> {
    request.signal?.throwIfAborted();
    this.intercept(request);
    const target = this.#target(request.path);
    const { sendInitialEvents, resourceVersion } = request.query ?? {};
    if (sendInitialEvents === true && this.refusesInitialEvents) throw statusError("Invalid", "sendInitialEvents is forbidden for watch");
    const from = Number(resourceVersion ?? 0);
    if (resourceVersion !== undefined && from < this.#compacted) throw statusError("Expired", "too old resource version");
    let finish: (error?: Error) => void = () => {};
    const ended = new Promise<void>((resolve, reject) => (finish = (error) => (error ? reject(error) : resolve())));
    ended.catch(() => {});
    const fits = this.#filter(request, target);
    const watcher: Watcher = { kind: target.kind, fits, send: (event) => onEvents([event]), end: finish };
    const initial: WatchEvent[] =
      resourceVersion === undefined
        ? this.#list(target.kind)
            .filter(fits)
            .map((object) => ({ type: "ADDED", object }))
        : this.#log
            .filter(({ kind, revision, event }) => kind === target.kind && revision > from && fits(event.object))
            .map(({ event }) => event);
    if (sendInitialEvents === true) initial.push(this.#bookmark({ "k8s.io/initial-events-end": "true" }));
    if (initial.length > 0) onEvents(initial);
    this.#watchers.add(watcher);
    return { ended, close: () => void this.#watchers.delete(watcher) };
  }

  /** Sends a bookmark to every watch. */
  bookmark(): void {
    for (const watcher of this.#watchers) watcher.send(this.#bookmark());
  }

  #bookmark(annotations?: Record<string, string>): WatchEvent {
    return { type: "BOOKMARK", object: { metadata: { resourceVersion: String(this.#revision), ...(annotations ? { annotations } : {}) } } };
  }

  #target(path: string): Target {
    const segments = path
      .split("/")
      .filter((segment) => segment !== "")
      .map((segment) => decodeURIComponent(segment));
    const isCore = segments.shift() === "api";
    const group = isCore ? "" : (segments.shift() ?? "");
    const version = segments.shift();
    let namespace = "";
    if (segments[0] === "namespaces" && segments.length > 2 && segments[2] !== "status" && segments[2] !== "finalize") {
      namespace = segments[1] ?? "";
      segments.splice(0, 2);
    }
    const [plural = "", name = "", subresource] = segments;
    const kind = this.#kinds.find((one) => one.group === group && one.version === version && one.plural === plural);
    if (kind === undefined) throw statusError("NotFound", "the server could not find the requested resource");
    return { kind, namespace, name, subresource };
  }

  #of(kind: KindDefinition): Map<string, AnyObject> {
    let objects = this.#objects.get(kind);
    if (objects === undefined) this.#objects.set(kind, (objects = new Map()));
    return objects;
  }

  #list(kind: KindDefinition): AnyObject[] {
    return [...this.#of(kind).values()];
  }

  #filter({ query = {} }: ApiRequest, { kind, namespace }: Target): (object: KubeObject) => boolean {
    const labels = query.labelSelector === undefined ? undefined : parseSelector(String(query.labelSelector));
    const fields = query.fieldSelector === undefined ? [] : parseFieldSelector(String(query.fieldSelector));
    return (object) =>
      (namespace === "" || object.metadata?.namespace === namespace) &&
      (labels?.matches(object.metadata?.labels) ?? true) &&
      matchesFields(kind, fields, object);
  }

  #handle(request: ApiRequest, target: Target): unknown {
    const { kind, namespace, name } = target;
    if (request.method === "POST" && target.subresource === "binding") return this.#bind(target, request.body as Json);
    if (request.method === "POST") return this.#create(target, structuredClone(request.body) as AnyObject);
    if (name === "") {
      const items = this.#list(kind).filter(this.#filter(request, target));
      if (request.method === "DELETE") for (const item of items) this.#delete(kind, item, request.body as Json | undefined);
      return { apiVersion: apiVersionOf(kind), kind: `${kind.kind}List`, metadata: { resourceVersion: String(this.#revision) }, items };
    }
    const old = this.#of(kind).get(namespace === "" ? name : `${namespace}/${name}`);
    if (old === undefined) throw notFound({ group: kind.group, kind: kind.plural, name });
    if (request.method === "GET") return old;
    if (request.method === "DELETE") return this.#delete(kind, old, request.body as Json | undefined);
    if (request.method === "PUT") return this.#update(target, old, structuredClone(request.body) as AnyObject);
    return this.#update(target, old, this.#patched(kind, old, request));
  }

  #patched(kind: KindDefinition, old: AnyObject, { body, headers }: ApiRequest): AnyObject {
    const [document, patch] = [structuredClone(old) as JsonValue, structuredClone(body) as JsonValue];
    switch (headers?.["content-type"]) {
      case PATCH_TYPES.json:
        return applyJsonPatch(document, patch) as AnyObject;
      case PATCH_TYPES.strategic: {
        const schema = this.#schemas.get(kind.schema);
        if (schema === undefined) throw statusError("UnsupportedMediaType", "this kind has no strategic merge patch");
        return applyStrategicMergePatch(document, patch, schema, this.#schemas) as AnyObject;
      }
      default:
        return applyMergePatch(document, patch) as AnyObject;
    }
  }

  #create({ kind, namespace }: Target, object: AnyObject): AnyObject {
    const metadata: ObjectMeta = (object.metadata ??= {});
    if (kind.namespaced) metadata.namespace = namespace;
    if (!metadata.name) metadata.name = `${metadata.generateName ?? ""}${nameSuffix(this.#host.random)}`;
    if (this.#of(kind).has(objectKey(object))) throw alreadyExists({ group: kind.group, kind: kind.plural, name: metadata.name });
    metadata.uid = hostUid(this.#host);
    metadata.creationTimestamp = formatTime(this.#host.clock.now());
    delete metadata.resourceVersion;
    if (kind.generation) metadata.generation = 1;
    return this.#store("ADDED", kind, object, undefined, undefined);
  }

  /** What the scheduler writes: gives a Pod its node, which no update may. */
  #bind({ kind, namespace, name }: Target, { target }: Json): unknown {
    const old = this.#of(kind).get(`${namespace}/${name}`);
    if (old === undefined) throw notFound({ group: kind.group, kind: kind.plural, name });
    const object = structuredClone(old);
    if (object.spec?.nodeName) throw conflict({ group: kind.group, kind: kind.plural, name });
    object.spec = { ...object.spec, nodeName: (target as Json).name };
    object.metadata = { ...object.metadata, resourceVersion: String(++this.#revision) };
    this.#of(kind).set(objectKey(object), deepFreeze(object));
    this.#emit("MODIFIED", kind, object);
    return { apiVersion: "v1", kind: "Status", metadata: {}, status: "Success", code: 201 };
  }

  #update({ kind, subresource }: Target, old: AnyObject, object: AnyObject): AnyObject {
    const before = old.metadata ?? {};
    const metadata: ObjectMeta = (object.metadata ??= {});
    const subject = { group: kind.group, kind: kind.plural, name: before.name };
    if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== before.resourceVersion) throw conflict(subject);
    if (metadata.uid !== undefined && metadata.uid !== before.uid)
      throw conflict(subject, "Precondition failed: UID in precondition differs");
    const { uid, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds } = before;
    Object.assign(metadata, { uid, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds });
    for (const field of ["generation", "deletionTimestamp", "deletionGracePeriodSeconds"] as const) {
      if (metadata[field] === undefined) delete metadata[field];
    }
    return this.#store("MODIFIED", kind, object, old, subresource);
  }

  #store(
    type: "ADDED" | "MODIFIED",
    kind: KindDefinition,
    object: AnyObject,
    old: AnyObject | undefined,
    subresource: string | undefined,
  ): AnyObject {
    const context = { operation: old === undefined ? ("CREATE" as const) : ("UPDATE" as const), ...(subresource ? { subresource } : {}) };
    const metadata = object.metadata ?? {};
    object.apiVersion = apiVersionOf(kind);
    object.kind = kind.kind;
    kind.applyDefaults?.(object);
    kind.prepare?.(object, old, context);
    if (kind.prepare === undefined && kind.statusSubresource && old !== undefined) {
      if (subresource === "status") object.spec = structuredClone(old.spec);
      else object.status = structuredClone(old.status);
    }
    const errors = kind.validate?.(object, old, context) ?? [];
    if (errors.length > 0) throw invalid({ group: kind.group, kind: kind.kind, name: metadata.name }, errors);
    if (old !== undefined && semanticEqual(object, old)) return old;
    if (kind.generation && old !== undefined && !semanticEqual(object.spec, old.spec)) metadata.generation = (metadata.generation ?? 0) + 1;
    metadata.resourceVersion = String(++this.#revision);
    const isOver = metadata.deletionTimestamp !== undefined && !isHeld(object);
    if (isOver && (metadata.deletionGracePeriodSeconds ?? 0) === 0) return this.#remove(kind, object);
    this.#of(kind).set(objectKey(object), deepFreeze(object));
    this.#emit(type, kind, object);
    return object;
  }

  #delete(kind: KindDefinition, old: AnyObject, options: Json = {}): AnyObject {
    const { uid, resourceVersion } = (options.preconditions ?? {}) as { uid?: string; resourceVersion?: string };
    const subject = { group: kind.group, kind: kind.plural, name: old.metadata?.name };
    if (uid !== undefined && uid !== old.metadata?.uid) throw conflict(subject, "Precondition failed: UID in precondition differs");
    if (resourceVersion !== undefined && resourceVersion !== old.metadata?.resourceVersion) throw conflict(subject, "Precondition failed");
    const object = structuredClone(old);
    const metadata = (object.metadata ??= {});
    const held = new Set(metadata.finalizers);
    if (options.propagationPolicy === "Foreground") held.add("foregroundDeletion");
    if (options.propagationPolicy === "Orphan") held.add("orphan");
    if (held.size > 0) metadata.finalizers = [...held];
    const grace = (options.gracePeriodSeconds as number | undefined) ?? kind.gracePeriodSeconds?.(old) ?? 0;
    if (!isHeld(object) && grace === 0) {
      metadata.resourceVersion = String(++this.#revision);
      return this.#remove(kind, object);
    }
    if (metadata.deletionTimestamp !== undefined && grace >= (metadata.deletionGracePeriodSeconds ?? 0)) return old;
    metadata.deletionTimestamp = formatTime(this.#host.clock.now() + grace * 1000);
    metadata.deletionGracePeriodSeconds = grace;
    if (kind.generation) metadata.generation = (metadata.generation ?? 0) + 1;
    if (kind.plural === "namespaces") object.status = { ...object.status, phase: "Terminating" };
    metadata.resourceVersion = String(++this.#revision);
    this.#of(kind).set(objectKey(object), deepFreeze(object));
    this.#emit("MODIFIED", kind, object);
    return object;
  }

  #remove(kind: KindDefinition, object: AnyObject): AnyObject {
    this.#of(kind).delete(objectKey(object));
    this.#emit("DELETED", kind, deepFreeze(object));
    return object;
  }

  #emit(type: WatchEvent["type"], kind: KindDefinition, object: KubeObject): void {
    const event = { type, object };
    this.#log.push({ revision: this.#revision, kind, event });
    for (const watcher of this.#watchers) if (watcher.kind === kind && watcher.fits(object)) watcher.send(event);
  }
}

/** Finalizers keep an object; those of a namespace stand in its specification. */
function isHeld({ metadata, spec, kind }: AnyObject): boolean {
  return (metadata?.finalizers?.length ?? 0) > 0 || (kind === "Namespace" && (spec?.finalizers?.length ?? 0) > 0);
}
