import type { Host } from "@skiff/base";
import type { Html } from "./html.ts";
import type { Session } from "./sessions.ts";

/** A request as it reached the dashboard, independent of how it travelled. */
export interface PageRequest {
  readonly method: "GET" | "HEAD" | "POST";
  /** What follows the dashboard's own address, without a slash: empty for the overview, `list`, `style.css`. */
  readonly page: string;
  readonly query: URLSearchParams;
  /** What a form sent; empty otherwise. */
  readonly form: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** The answer to a {@link PageRequest}. */
export interface PageReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Text in UTF-8, or a stream without an end of its own. */
  readonly body: string | AsyncIterable<Uint8Array>;
}

/** What a page or an action works with. */
export interface PageContext {
  readonly host: Host;
  readonly session: Session;
  readonly request: PageRequest;
}

/** Something to watch, so that the page changes when it does. */
export interface WatchTarget {
  /** The resource's name with its group: `deployments.apps`. */
  readonly resource: string;
  readonly namespace?: string;
  /** Only this object. */
  readonly name?: string;
}

/** A page before the frame (menu, header) is put around it. */
export interface Page {
  readonly title: string;
  readonly content: Html;
  /** Default 200. */
  readonly status?: number;
  /** At most {@link MAX_WATCHES}. Absent: the page does not change by itself. */
  readonly watches?: readonly WatchTarget[];
}

/** So many kinds may one page watch. */
export const MAX_WATCHES = 8;

/** Makes a page. */
export type PageHandler = (context: PageContext) => Promise<Page>;

/** Does what a form asks for, and answers where to go then: an address relative to the dashboard's own. */
export type ActionHandler = (context: PageContext) => Promise<string | Page>;
