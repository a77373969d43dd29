import type { Duplex } from "node:stream";
import type { ListMeta } from "@skiff/api";
import type { StoredObject } from "./registry/stored-object.ts";
import type { ServedResource } from "./served-resources.ts";
import type { WatchSession } from "./watch-session.ts";

/** What the pipeline answers, before it is encoded for the way on which the request came. */
export type Reply = (ObjectReply | ListReply | ValueReply | TextReply | WatchReply | StreamReply | UpgradeReply) & ReplyExtras;

/** What any reply may carry beside its content. The pipeline adds it at the end. */
interface ReplyExtras {
  /** Texts for `Warning` headers, in order. */
  readonly warnings?: readonly string[];
}

/** One object of a kind. */
export interface ObjectReply {
  readonly type: "object";
  readonly status: number;
  readonly resource: ServedResource;
  readonly stored: StoredObject;
}

/** Several objects of a kind. */
export interface ListReply {
  readonly type: "list";
  readonly resource: ServedResource;
  readonly items: readonly StoredObject[];
  readonly metadata: ListMeta;
}

/** A JSON value that is no stored object: a Status, discovery, a Scale. */
export interface ValueReply {
  readonly type: "value";
  readonly status: number;
  readonly value: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Text or bytes that are sent as they are. */
interface TextReply {
  readonly type: "text";
  readonly status: number;
  readonly contentType: string;
  readonly text: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A watch that has been accepted and waits for whoever gets its events. */
export interface WatchReply {
  readonly type: "watch";
  readonly session: WatchSession;
}

/** Bytes without a known end, passed on from a node. */
export interface StreamReply {
  readonly type: "stream";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * A connection that changes its protocol (101): from here on the bytes of both sides are passed on as they are. Whoever
 * sends the reply owns `stream` and destroys it when the client goes.
 */
export interface UpgradeReply {
  readonly type: "upgrade";
  readonly status: number;
  /** Lower-case names; `connection` and `upgrade` among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: Duplex;
}
