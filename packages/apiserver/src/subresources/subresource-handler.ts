import type { Reply } from "../reply.ts";
import type { ResourceContext } from "../request-context.ts";

/** Answers the requests to one subresource. Called after authorisation; decoding and admission are its own. */
export type SubresourceHandler = (context: ResourceContext) => Promise<Reply>;
