import type { ServerResponse } from "node:http";
import { expect, it } from "vitest";
import type { WatchedChange } from "../registry/cache-event.ts";
import type { WatchEncoder } from "../render/watch-encoder.ts";
import { WatchStream } from "./watch-stream.ts";

/** A response whose client never reads. */
class UnreadResponse {
  writableLength = 0;
  destroyed = false;
  write(bytes: Buffer): void {
    this.writableLength += bytes.length;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

it("ends a watch whose client does not read, but lets the initial objects of any size through", () => {
  const response = new UnreadResponse();
  const encoder = { changes: (changes: readonly WatchedChange[]) => Buffer.alloc(changes.length * 10) };
  let slow = 0;
  const stream = new WatchStream(response as unknown as ServerResponse, encoder as unknown as WatchEncoder, 25, () => slow++);
  const changes = (count: number): WatchedChange[] => Array.from({ length: count }) as WatchedChange[];
  stream.changes(changes(100));
  stream.changes(changes(2));
  expect(response.destroyed).toBe(false);
  stream.changes(changes(1));
  stream.changes(changes(1));
  expect({ destroyed: response.destroyed, slow, kept: response.writableLength }).toEqual({ destroyed: true, slow: 1, kept: 1030 });
});
