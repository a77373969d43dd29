import type { ServerCore } from "./server-core.ts";
import type { Route } from "./stages/route.ts";
import type { ServedResource } from "./served-resources.ts";
import type { ServerRequest } from "./server-request.ts";
import type { UserInfo } from "./user.ts";

/** A request behind authentication and routing: what the later stages work on. */
export interface RequestContext {
  readonly core: ServerCore;
  readonly request: ServerRequest;
  readonly route: Route;
  readonly user: UserInfo;
  /** Texts for `Warning` headers, in order and without repetition. */
  readonly warnings: Set<string>;
}

/** A {@link RequestContext} about a resource that is served. */
export interface ResourceContext extends RequestContext {
  readonly resource: ServedResource;
}
