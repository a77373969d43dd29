import type { Reply } from "../reply.ts";
import type { RequestContext } from "../request-context.ts";

/** Answers requests to a path that is about no resource, such as `/healthz`. Called after authorisation. */
export type PathHandler = (context: RequestContext) => Reply | Promise<Reply>;
