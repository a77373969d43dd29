import { deepFreeze, messageOf } from "@skiff/base";
import {
  badRequest,
  StatusError,
  statusError,
  type ApiRequest,
  type ApiResponse,
  type KubeObject,
  type Status,
  type Transport,
  type WatchEvent,
  type WatchHandle,
} from "@skiff/api";
import type { WatchedChange } from "./registry/cache-event.ts";
import type { StoredObject } from "./registry/stored-object.ts";
import type { Reply, WatchReply } from "./reply.ts";
import { RequestQuery } from "./request-query.ts";
import { toServedVersion, type ServedResource } from "./served-resources.ts";
import type { RequestBody, ServerRequest } from "./server-request.ts";
import type { UserInfo } from "./user.ts";

const INITIAL_EVENTS_END = { "k8s.io/initial-events-end": "true" };
const JSON_TYPE = { "content-type": "application/json" };

/** For whom an in-process client speaks. */
interface InProcessIdentity {
  readonly user: UserInfo;
  /** The first part up to a slash is the default field manager. */
  readonly userAgent?: string;
}

/**
 * The API server without a network in between: the same pipeline, but objects go in and come out as they are. Answers are
 * the frozen objects of the server's caches; nothing is encoded or parsed. Tables are not made here.
 *
 * Guarantees: waits for nothing but the store, so that virtual time sees when all is quiet.
 */
export class InProcessTransport implements Transport {
  readonly #handle: (request: ServerRequest) => Promise<Reply>;
  readonly #identity: InProcessIdentity;

  constructor(handle: (request: ServerRequest) => Promise<Reply>, identity: InProcessIdentity) {
    this.#handle = handle;
    this.#identity = identity;
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    const reply = await this.#send(request);
    const metadataOnly = wantsMetadata(request);
    switch (reply.type) {
      case "object":
        return response(reply, reply.status, viewOf(reply.resource, reply.stored, metadataOnly));
      case "list":
        return response(reply, 200, listOf(reply.resource, reply, metadataOnly));
      case "value":
        return response(reply, reply.status, deepFreeze(reply.value));
      case "text":
        return { ...response(reply, reply.status, reply.text), headers: { ...reply.headers, "content-type": reply.contentType } };
      case "stream": {
        const chunks: Uint8Array[] = [];
        for await (const chunk of reply.body) chunks.push(chunk);
        return { status: reply.status, headers: reply.headers, body: Buffer.concat(chunks).toString("utf8") };
      }
      case "watch":
        reply.session.close();
        throw badRequest("this request opens a watch");
      default:
        throw badRequest("this request needs a connection of its own");
    }
  }

  async watch(request: ApiRequest, onEvents: (events: readonly WatchEvent[]) => void): Promise<WatchHandle> {
    const reply = await this.#send(request);
    if (reply.type !== "watch") throw badRequest("this request opens no watch");
    return deliver(reply, request, onEvents);
  }

  async stream(request: ApiRequest): Promise<AsyncIterable<Uint8Array>> {
    const reply = await this.#send(request);
    if (reply.type === "stream") return reply.body;
    if (reply.type === "text") return single(typeof reply.text === "string" ? Buffer.from(reply.text) : reply.text);
    if (reply.type === "watch") reply.session.close();
    throw badRequest("this request has no answer in bytes");
  }

  /** Errors: rejects with the answer when that is an error. */
  async #send(request: ApiRequest): Promise<Reply> {
    request.signal?.throwIfAborted();
    const { user, userAgent } = this.#identity;
    const headers = userAgent === undefined ? { ...request.headers } : { "user-agent": userAgent, ...request.headers };
    const reply = await this.#handle({
      method: request.method,
      path: request.path,
      query: RequestQuery.from(request.query),
      headers,
      body: bodyOf(request.body),
      user,
      internal: true,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    if ("status" in reply && reply.status >= 400) throw errorOf(reply);
    return reply;
  }
}

function bodyOf(body: unknown): RequestBody {
  if (body === undefined) return { type: "none" };
  if (body instanceof Uint8Array)
    return { type: "bytes", read: () => Promise.resolve(Buffer.from(body.buffer, body.byteOffset, body.byteLength)) };
  return { type: "value", value: body };
}

function errorOf(reply: Reply): StatusError {
  if (reply.type === "value" && isStatusValue(reply.value)) return new StatusError(deepFreeze(reply.value));
  const code = "status" in reply ? reply.status : 500;
  const text = reply.type === "text" ? messageOf(reply.text) : "the request failed";
  return statusError("Unknown", text, undefined, code);
}

function isStatusValue(value: unknown): value is Status {
  return typeof value === "object" && value !== null && (value as Partial<Status>).kind === "Status";
}

function response(reply: Reply, status: number, body: unknown): ApiResponse {
  if (reply.warnings === undefined) return { status, headers: JSON_TYPE, body };
  // As HTTP joins headers of one name; the quoting is RFC 9111's.
  const warning = reply.warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(", ");
  return { status, headers: { ...JSON_TYPE, warning }, body };
}

function wantsMetadata({ headers }: ApiRequest): boolean {
  return headers?.["accept"]?.includes("as=PartialObjectMetadata") ?? false;
}

/** The object as the client asked for it; each form is made once and shared. */
function viewOf(resource: ServedResource, stored: StoredObject, metadataOnly: boolean): KubeObject {
  if (metadataOnly) return stored.view("PartialObjectMetadata", () => partial(stored.object));
  if (resource.conversion === undefined) return stored.object;
  return stored.view(`object ${resource.apiVersion}`, () => deepFreeze(toServedVersion(resource, stored.object)));
}

function partial({ metadata }: KubeObject): KubeObject {
  return Object.freeze({ kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata });
}

function listOf(resource: ServedResource, page: Pick<Reply & { type: "list" }, "items" | "metadata">, metadataOnly: boolean): unknown {
  const items = Object.freeze(page.items.map((stored) => viewOf(resource, stored, metadataOnly)));
  const metadata = Object.freeze(page.metadata);
  if (metadataOnly) return Object.freeze({ kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata, items });
  return Object.freeze({ kind: resource.kind.listKind ?? `${resource.kind.kind}List`, apiVersion: resource.apiVersion, metadata, items });
}

function eventOf(resource: ServedResource, change: WatchedChange, metadataOnly: boolean): WatchEvent {
  if (!metadataOnly && resource.conversion === undefined) return change.watchEvent;
  const key = metadataOnly ? "event PartialObjectMetadata" : `event ${resource.apiVersion}`;
  return change.view(key, () => Object.freeze({ type: change.type, object: viewOf(resource, change.stored, metadataOnly) }));
}

function bookmark(resource: ServedResource, revision: number, initialEventsEnd: boolean, metadataOnly: boolean): WatchEvent {
  const type = metadataOnly
    ? { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1" }
    : { kind: resource.kind.kind, apiVersion: resource.apiVersion };
  const metadata = { resourceVersion: String(revision), ...(initialEventsEnd ? { annotations: INITIAL_EVENTS_END } : {}) };
  return deepFreeze({ type: "BOOKMARK", object: { ...type, metadata } });
}

/** Hands the events of an accepted watch over. A receiver that throws breaks its own watch and nothing else. */
function deliver({ session }: WatchReply, request: ApiRequest, onEvents: (events: readonly WatchEvent[]) => void): WatchHandle {
  const { resource } = session;
  const metadataOnly = wantsMetadata(request);
  let isClosed = false;
  let settle: { resolve: () => void; reject: (error: unknown) => void } = { resolve: () => {}, reject: () => {} };
  const ended = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  // A caller that does not look at the end must not bring the process down.
  ended.catch(() => {});
  const close = (): void => {
    isClosed = true;
    request.signal?.removeEventListener("abort", close);
    session.close();
  };
  const send = (events: readonly WatchEvent[]): void => {
    if (isClosed) return;
    try {
      onEvents(events);
    } catch (error) {
      settle.reject(error);
      close();
    }
  };
  request.signal?.addEventListener("abort", close, { once: true });
  session.start(
    {
      changes: (changes) => send(changes.map((change) => eventOf(resource, change, metadataOnly))),
      bookmark: (revision, initialEventsEnd) => send([bookmark(resource, revision, initialEventsEnd, metadataOnly)]),
      error: (status) => send([{ type: "ERROR", object: deepFreeze(status) as unknown as KubeObject }]),
      end: () => {
        request.signal?.removeEventListener("abort", close);
        settle.resolve();
      },
    },
    true,
  );
  return { ended, close };
}

async function* single(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}
