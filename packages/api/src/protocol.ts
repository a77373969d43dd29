import type { KubeObject } from "./object.ts";

/** The HTTP methods that the API knows. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS";

/** The content types of patches. */
export const PATCH_TYPES = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

/** Query parameters; a list stands for a parameter that is given several times. `undefined` ones are not sent. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** A request to the Kubernetes API, independent of how it travels. */
export interface ApiRequest {
  readonly method: Method;
  /** Percent-encoded, without the query: `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly query?: Query;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON value, or bytes that are sent as they are (then give a `content-type`). Ownership passes to the callee. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The answer to a request that is not a watch. */
export interface ApiResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The decoded JSON, deeply frozen and possibly shared; text for text answers. */
  readonly body: unknown;
}

/** One event of a watch. `object` is a `Status` for `ERROR`. */
export interface WatchEvent<T = KubeObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

/** A watch under way. */
export interface WatchHandle {
  /** Resolves when the server ended the watch in order (its time was up); rejects when it broke. Never rejects after `close`. */
  readonly ended: Promise<void>;
  /** Ends the watch; no event is delivered afterwards. */
  close(): void;
}

/**
 * How a client reaches an API server: over HTTPS, or inside the same process.
 *
 * Guarantees: `request` and `watch` reject with a `StatusError` for every answer of 400 and above; a connection that
 * could not be made, or broke, is any other error.
 */
export interface Transport {
  request(request: ApiRequest): Promise<ApiResponse>;
  /**
   * Opens a watch; `onEvents` gets the events in order, in batches, and must not block. Resolves once the server has
   * accepted the watch.
   */
  watch(request: ApiRequest, onEvents: (events: readonly WatchEvent[]) => void): Promise<WatchHandle>;
  /** A request whose answer is bytes without an end, such as `log?follow=true`. */
  stream(request: ApiRequest): Promise<AsyncIterable<Uint8Array>>;
}
