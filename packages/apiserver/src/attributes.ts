import type { UserInfo } from "./user.ts";

/** What a request wants to do: the input of authorisation. Derived from method and path, never from the body. */
export interface RequestAttributes {
  readonly user: UserInfo;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; for other paths the lower-case method. */
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural; empty for requests that are about no resource. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The once-decoded path. */
  readonly path: string;
  readonly isResourceRequest: boolean;
  /** The selectors of a list, watch or deletecollection, empty when the request has none; absent when they are not known. */
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

/** The answer of an {@link Authorizer}. `noOpinion` leaves the decision to the next one; when all have none, it is no. */
export interface AuthorizationDecision {
  readonly decision: "allow" | "deny" | "noOpinion";
  /** For the log, and for the message of the 403. */
  readonly reason?: string;
}

/** Decides whether a request may be made. Synchronous: it reads caches only. */
export interface Authorizer {
  authorize(attributes: RequestAttributes): AuthorizationDecision;
}
