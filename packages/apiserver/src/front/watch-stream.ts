import type { ServerResponse } from "node:http";
import type { Status } from "@skiff/api";
import type { WatchedChange } from "../registry/cache-event.ts";
import type { WatchEncoder } from "../render/watch-encoder.ts";
import type { WatchSession, WatchSink } from "../watch-session.ts";

/**
 * Sends the events of a watch to one client. A client that does not read is not waited for: once too much is unread its
 * connection is closed, and it comes back with a list.
 */
export class WatchStream implements WatchSink {
  readonly #response: ServerResponse;
  readonly #encoder: WatchEncoder;
  readonly #onSlow: () => void;
  #limit: number;
  #isFirst = true;
  #ended = false;

  /** `limit` is in bytes; `onSlow` is called once when it is passed. */
  constructor(response: ServerResponse, encoder: WatchEncoder, limit: number, onSlow: () => void) {
    this.#response = response;
    this.#encoder = encoder;
    this.#limit = limit;
    this.#onSlow = onSlow;
  }

  changes(changes: readonly WatchedChange[]): void {
    const bytes = this.#encoder.changes(changes);
    // The initial objects come at once, however fast the client is; only what follows counts against it.
    if (this.#isFirst) this.#limit += bytes.length;
    this.#send(bytes);
  }

  bookmark(revision: number, initialEventsEnd: boolean): void {
    this.#send(this.#encoder.bookmark(revision, initialEventsEnd));
  }

  error(status: Status): void {
    this.#send(this.#encoder.error(status));
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#response.end();
  }

  #send(bytes: Buffer): void {
    this.#isFirst = false;
    if (this.#ended) return;
    this.#response.write(bytes);
    if (this.#response.writableLength <= this.#limit) return;
    this.#ended = true;
    this.#onSlow();
    this.#response.destroy();
  }
}

/** Answers with the events of `session` until either side ends. Resolves when it is over. */
export function streamWatch(session: WatchSession, sink: WatchStream, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("close", () => {
      session.close();
      resolve();
    });
    // Clients wait for the headers before they count the watch as open.
    response.flushHeaders();
    session.start(sink, false);
  });
}
