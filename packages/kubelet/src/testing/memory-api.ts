import type { ApiRequest, ApiResponse, KubeObject, Transport, WatchEvent, WatchHandle } from "@skiff/api";
import { alreadyExists, conflict, notFound } from "@skiff/api";
import { deepFreeze, formatTime, type VirtualClock } from "@skiff/base";

type Json = Record<string, unknown>;

interface Watcher {
  readonly collection: string;
  readonly query: Json;
  readonly send: (events: readonly WatchEvent[]) => void;
}

/**
 * Just enough of an API server for the kubelet's own tests: objects by path, watches, merge patches with lists joined by
 * key, graceful deletion of Pods. The real server in process is a package that this one may not import.
 */
export class MemoryApi implements Transport {
  readonly #clock: VirtualClock;
  readonly #objects = new Map<string, KubeObject>();
  readonly #watchers = new Set<Watcher>();
  /** Every write, as `METHOD path`. */
  readonly writes: { readonly method: string; readonly path: string; readonly body: unknown }[] = [];
  /** Answers a request instead of the store, or throws; undefined leaves it to the store. */
  intercept: ((request: ApiRequest) => unknown) | undefined;
  #version = 1;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get(path: string): KubeObject | undefined {
    return this.#objects.get(path);
  }

  list(collection: string): KubeObject[] {
    return Array.from(this.#objects)
      .filter(([path]) => collectionOf(path) === collection)
      .map(([, object]) => object);
  }

  put(path: string, object: KubeObject): void {
    const before = this.#objects.get(path);
    const metadata = {
      uid: `uid-${path.split("/").at(-1)}-${this.#version}`,
      creationTimestamp: formatTime(this.#clock.now()),
      ...before?.metadata,
      ...object.metadata,
      resourceVersion: String(++this.#version),
    };
    const stored = deepFreeze({ ...object, metadata });
    this.#objects.set(path, stored);
    this.#notify(before === undefined ? "ADDED" : "MODIFIED", path, stored);
  }

  /** As the server does for Pods: a deletion timestamp, unless there is no grace. */
  delete(path: string, graceSeconds?: number): void {
    const object = this.#objects.get(path);
    if (object === undefined) return;
    const grace =
      graceSeconds ?? (object as { spec?: { terminationGracePeriodSeconds?: number } }).spec?.terminationGracePeriodSeconds ?? 30;
    if (grace > 0 && collectionOf(path).endsWith("/pods")) {
      const deletionTimestamp = formatTime(this.#clock.now() + grace * 1000);
      this.put(path, { ...object, metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace } });
      return;
    }
    this.#objects.delete(path);
    this.#version++;
    this.#notify("DELETED", path, object);
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    const intercepted = this.intercept?.(request);
    if (intercepted !== undefined) return { status: 200, headers: {}, body: intercepted };
    return { status: 200, headers: {}, body: this.#answer(request) };
  }

  async watch(request: ApiRequest, onEvents: (events: readonly WatchEvent[]) => void): Promise<WatchHandle> {
    const collection = withoutNamespace(request.path);
    const watcher: Watcher = { collection, query: (request.query ?? {}) as Json, send: onEvents };
    const initial = this.#select(request.path, watcher.query).map((object): WatchEvent => ({ type: "ADDED", object }));
    const bookmark = {
      metadata: { resourceVersion: String(this.#version), annotations: { "k8s.io/initial-events-end": "true" } },
    } as KubeObject;
    onEvents([...initial, { type: "BOOKMARK", object: bookmark }]);
    this.#watchers.add(watcher);
    return { ended: new Promise(() => {}), close: () => void this.#watchers.delete(watcher) };
  }

  async stream(): Promise<AsyncIterable<Uint8Array>> {
    throw new Error("the memory API has no streams");
  }

  #answer({ method, path, query, body }: ApiRequest): unknown {
    const target = path.replace(/\/status$/, "");
    if (method !== "GET") this.writes.push({ method, path, body });
    const existing = this.#objects.get(target);
    const missing = notFound({ kind: target.split("/").at(-2) ?? "", name: target.split("/").at(-1) });
    switch (method) {
      case "GET":
        if (existing !== undefined) return existing;
        if (!isCollection(path)) throw missing;
        return { items: this.#select(path, (query ?? {}) as Json), metadata: { resourceVersion: String(this.#version) } };
      case "POST": {
        const object = body as KubeObject;
        const created = `${path}/${object.metadata?.name}`;
        if (this.#objects.has(created)) throw alreadyExists({ kind: "objects", name: object.metadata?.name });
        this.put(created, object);
        return this.#objects.get(created);
      }
      case "PUT":
        this.put(target, body as KubeObject);
        return this.#objects.get(target);
      case "PATCH": {
        if (existing === undefined) throw missing;
        const patch = body as { metadata?: { uid?: string } };
        if (patch.metadata?.uid !== undefined && patch.metadata.uid !== existing.metadata?.uid) throw conflict({ kind: "pods" });
        this.put(target, merge(existing as Json, body as Json) as KubeObject);
        return this.#objects.get(target);
      }
      case "DELETE": {
        if (existing === undefined) throw missing;
        const options = body as { gracePeriodSeconds?: number };
        this.delete(target, options.gracePeriodSeconds);
        return existing;
      }
      default:
        throw missing;
    }
  }

  #select(path: string, query: Json): KubeObject[] {
    const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
    return this.list(withoutNamespace(path)).filter(
      (object) => (namespace === undefined || object.metadata?.namespace === namespace) && selected(object, query),
    );
  }

  #notify(type: "ADDED" | "MODIFIED" | "DELETED", path: string, object: KubeObject): void {
    for (const watcher of this.#watchers) {
      if (watcher.collection === collectionOf(path) && selected(object, watcher.query)) watcher.send([{ type, object }]);
    }
  }
}

function selected(object: KubeObject, query: Json): boolean {
  const { fieldSelector } = query as { fieldSelector?: string };
  const [field, value] = fieldSelector?.split("=") ?? [];
  if (field === "spec.nodeName") return (object as { spec?: { nodeName?: string } }).spec?.nodeName === value;
  return field !== "metadata.name" || object.metadata?.name === value;
}

function isCollection(path: string): boolean {
  return !/^\/(api\/v1|apis\/[^/]+\/[^/]+)(\/namespaces\/[^/]+)?\/[^/]+\/.+/.test(path);
}

function withoutNamespace(path: string): string {
  return path.replace(/\/namespaces\/[^/]+/, "");
}

function collectionOf(path: string): string {
  return withoutNamespace(path).split("/").slice(0, -1).join("/");
}

const MERGE_KEYS: Readonly<Record<string, string>> = { conditions: "type", podIPs: "ip", hostIPs: "ip", addresses: "type" };

function merge(target: Json, patch: Json): Json {
  const merged: Json = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const before = merged[key];
    const mergeKey = MERGE_KEYS[key];
    if (value === null) delete merged[key];
    else if (Array.isArray(value) && mergeKey !== undefined) merged[key] = mergeList((before ?? []) as Json[], value as Json[], mergeKey);
    else if (typeof value === "object" && !Array.isArray(value)) merged[key] = merge((before ?? {}) as Json, value as Json);
    else if (value !== undefined) merged[key] = value;
  }
  return merged;
}

function mergeList(target: Json[], patch: Json[], key: string): Json[] {
  const items = [...target];
  for (const item of patch) {
    const index = items.findIndex((candidate) => candidate[key] === item[key]);
    if (item.$patch === "delete") items.splice(index, index < 0 ? 0 : 1);
    else if (index < 0) items.push(merge({}, item));
    else items[index] = merge(items[index]!, item);
  }
  return items;
}
