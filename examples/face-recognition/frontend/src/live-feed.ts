import type { ServerResponse } from "node:http";
import type { ImageStore } from "#shared/image-store.ts";
import type { Log } from "#shared/log.ts";
import { renderRow } from "./page.ts";

/** Pages that are kept up to date at one time; further ones are asked to come again later. */
const PAGES_MAX = 500;

/** Rows in one message; what is more comes with the next look. */
const ROWS_MAX = 200;

/** A page that takes nothing while so much waits for it is cut off; its browser connects again. */
const BACKLOG_MAX_BYTES = 1024 * 1024;

/** Changes that were written a little later than their time says are seen all the same. */
const OVERLAP_MS = 2_000;

/**
 * Sends what changes in the table to all open pages as server-sent events. One look a second at the database serves them
 * all, and none is taken while no page is open.
 */
export class LiveFeed {
  readonly #store: Pick<ImageStore, "changedSince" | "counts">;
  readonly #log: Log;
  readonly #intervalMs: number;
  readonly #pages = new Set<ServerResponse>();
  /** What was sent of late: the time of the change by image. */
  readonly #sent = new Map<number, number>();
  #since = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(store: Pick<ImageStore, "changedSince" | "counts">, log: Log, intervalMs = 1000) {
    this.#store = store;
    this.#log = log;
    this.#intervalMs = intervalMs;
  }

  get pages(): number {
    return this.#pages.size;
  }

  /** Answers a page's request with the feed. */
  add(response: ServerResponse): void {
    if (this.#closed || this.#pages.size >= PAGES_MAX) {
      response.writeHead(503, { "retry-after": "10" }).end();
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
    response.write("retry: 2000\n\n");
    this.#pages.add(response);
    response.once("close", () => this.#pages.delete(response));
    if (this.#pages.size > 1) return;
    // What changed while nobody looked is in the page that was just loaded, but for what changed since.
    this.#since = Date.now() - 10_000;
    clearTimeout(this.#timer);
    this.#look();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const page of this.#pages) page.end();
  }

  #look(): void {
    void this.#send()
      .catch((error: unknown) => this.#log.warn({ err: error }, "the images cannot be read"))
      .finally(() => {
        if (!this.#closed && this.#pages.size > 0) this.#timer = setTimeout(() => this.#look(), this.#intervalMs);
      });
  }

  async #send(): Promise<void> {
    const changed = await this.#store.changedSince(this.#since - OVERLAP_MS, ROWS_MAX + this.#sent.size);
    const fresh = changed.filter(({ id, changedAt }) => this.#sent.get(id) !== changedAt);
    for (const { id, changedAt } of fresh) {
      this.#sent.set(id, changedAt);
      this.#since = Math.max(this.#since, changedAt);
    }
    for (const [id, changedAt] of this.#sent) if (changedAt < this.#since - OVERLAP_MS) this.#sent.delete(id);
    const counts = fresh.length === 0 ? undefined : await this.#store.counts();
    const rows = fresh.map((image) => ({ id: image.id, html: renderRow(image) }));
    const text = counts === undefined ? ": nothing new\n\n" : `event: change\ndata: ${JSON.stringify({ rows, counts })}\n\n`;
    for (const page of this.#pages) {
      if (page.writableLength > BACKLOG_MAX_BYTES) page.destroy();
      else page.write(text);
    }
  }
}
