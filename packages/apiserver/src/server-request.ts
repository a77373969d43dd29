import type { Method } from "@skiff/api";
import type { Credentials } from "./authenticator.ts";
import type { RequestQuery } from "./request-query.ts";
import type { UserInfo } from "./user.ts";

/** What a request carries: a JSON value from inside the process, or bytes that are read on demand. */
export type RequestBody =
  | { readonly type: "none" }
  /** Belongs to the server from now on, but may share frozen parts with caches. */
  | { readonly type: "value"; readonly value: unknown }
  /** `read` rejects with `RequestEntityTooLarge` past the limit of the front. */
  | { readonly type: "bytes"; readonly read: () => Promise<Buffer> };

/** A request as the pipeline sees it, whichever way it came. */
export interface ServerRequest {
  readonly method: Method;
  /** Percent-encoded, without the query. */
  readonly path: string;
  readonly query: RequestQuery;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: RequestBody;
  /** Who asks, when the front knows already (in-process); else the authenticators find out from `credentials`. */
  readonly user?: UserInfo;
  readonly credentials?: Credentials;
  /** Aborted when the client goes away. */
  readonly signal?: AbortSignal;
  readonly remoteAddress?: string;
  /** The id under which the client finds the request in the audit log; absent: one is made. */
  readonly auditId?: string;
  /** True for requests from inside the process, which the limit on requests in flight does not count. */
  readonly internal: boolean;
}
