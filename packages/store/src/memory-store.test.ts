import { describe, expect, it } from "vitest";
import { MemoryStore } from "./memory-store.ts";
import { storeContract } from "./store.contract.ts";
import { StoreUnavailableError } from "./store.ts";

storeContract("the memory store", { open: async () => new MemoryStore(), runs: 300 });

describe("the memory store", () => {
  const put = { type: "put", key: "/a", value: new Uint8Array([1]) } as const;

  it("starts at revision 1", async () => {
    expect(await new MemoryStore().currentRevision()).toBe(1);
  });

  it("calls watchers before it returns the promise of the write", () => {
    const store = new MemoryStore();
    const seen: number[] = [];
    store.watch({ key: "/", end: "0", onBatch: ({ revision }) => seen.push(revision), onError: () => {} });
    const written = store.txn({ compare: [], success: [put] });
    expect(seen).toEqual([2]);
    return written;
  });

  it("refuses everything after close and ends watches without an error", async () => {
    const store = new MemoryStore();
    const errors: Error[] = [];
    store.watch({ key: "/a", startRevision: 1, onBatch: () => {}, onError: (error) => errors.push(error) });
    await store.close();
    await expect(store.txn({ compare: [], success: [put] })).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(store.range({ key: "/a" })).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(errors).toEqual([]);
  });
});
