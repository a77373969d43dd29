import { testHost } from "@skiff/base/testing";
import { CompactedError, MemoryStore, StoreUnavailableError, type Store } from "@skiff/store";
import { describe, expect, it } from "vitest";
import { compactStore } from "./store-compaction.ts";

class UnreliableStore extends MemoryStore {
  isAway = false;

  override currentRevision(): Promise<number> {
    return this.isAway ? Promise.reject(new StoreUnavailableError("away")) : super.currentRevision();
  }
}

describe("compaction of the store", () => {
  const host = testHost();
  const put = async (store: Store, value: string): Promise<number> => {
    const bytes = Buffer.from(value);
    return (await store.txn({ compare: [], success: [{ type: "put", key: "/a", value: bytes }] })).revision;
  };
  const read = (store: Store, revision: number): Promise<unknown> => store.range({ key: "/a", revision });

  it("keeps the last five minutes and forgets what is older than ten", async () => {
    const store = new MemoryStore();
    const stop = new AbortController();
    const first = await put(store, "1");
    const done = compactStore(host, store, stop.signal);
    await host.clock.advance("1m");
    const second = await put(store, "2");
    await host.clock.advance("5m");
    const third = await put(store, "3");
    await host.clock.advance("2m");
    await expect(read(store, second)).resolves.toMatchObject({ count: 1 });
    await host.clock.advance("5m");
    await expect(read(store, first)).rejects.toThrow(CompactedError);
    await expect(read(store, third)).resolves.toMatchObject({ count: 1 });
    stop.abort();
    await done;
  });

  it("goes on when another server compacts the same store, and when the store is away for a while", async () => {
    const store = new UnreliableStore();
    const stop = new AbortController();
    await put(store, "1");
    const done = compactStore(host, store, stop.signal);
    await host.clock.advance("1m");
    await store.compact(await put(store, "2"));
    await host.clock.advance("20m");
    store.isAway = true;
    const third = await put(store, "3");
    await host.clock.advance("20m");
    await expect(read(store, third)).resolves.toMatchObject({ count: 1 });
    store.isAway = false;
    await put(store, "4");
    await host.clock.advance("10m");
    await put(store, "5");
    await host.clock.advance("10m");
    await expect(read(store, third)).rejects.toThrow(CompactedError);
    stop.abort();
    await done;
  });
});
