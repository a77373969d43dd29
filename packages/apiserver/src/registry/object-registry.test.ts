import { beforeEach, describe, expect, it } from "vitest";
import { testHost } from "@skiff/base/testing";
import { configMapKind } from "@skiff/api";
import { MemoryStore, StoreUnavailableError, type RangeRequest, type StoreWatch, type StoreWatchRequest } from "@skiff/store";
import { ObjectRegistry } from "./object-registry.ts";
import { EVERYTHING } from "./selection.ts";
import type { WatchCache } from "./watch-cache.ts";

/** A store in memory whose watches can break, and whose answers can be held back. */
class UnsteadyStore extends MemoryStore {
  readonly #open = new Map<StoreWatchRequest, StoreWatch>();
  /** What ranges wait for. */
  delay: Promise<void> = Promise.resolve();

  get openWatches(): number {
    return this.#open.size;
  }

  override async range(request: RangeRequest): ReturnType<MemoryStore["range"]> {
    const answer = await super.range(request);
    await this.delay;
    return answer;
  }

  override watch(request: StoreWatchRequest): StoreWatch {
    const inner = super.watch(request);
    const watch = {
      close: () => {
        this.#open.delete(request);
        inner.close();
      },
      requestProgress: () => inner.requestProgress(),
    };
    this.#open.set(request, watch);
    return watch;
  }

  loseWatches(): void {
    for (const [request, watch] of this.#open) {
      watch.close();
      request.onError(new StoreUnavailableError("the connection is lost"));
    }
  }
}

let host: ReturnType<typeof testHost>;
let store: UnsteadyStore;
let registry: ObjectRegistry;
let cache: WatchCache;
let seen: string[];

beforeEach(async () => {
  host = testHost();
  store = new UnsteadyStore();
  registry = new ObjectRegistry(host, store);
  cache = await registry.add(configMapKind);
  await registry.start();
  seen = [];
  cache.observe(({ current }) => seen.push(current?.name ?? ""));
});

const write = async (name: string): Promise<void> => {
  const object = { kind: "ConfigMap", apiVersion: "v1", metadata: { name, namespace: "default" } };
  const key = `${cache.prefix}default/${name}`;
  await store.txn({ compare: [], success: [{ type: "put", key, value: Buffer.from(JSON.stringify(object)) }] });
};
const names = (): string[] => Array.from(cache.objects.select(EVERYTHING), ({ name }) => name).sort();

describe("a store whose watch is lost", () => {
  it("is followed again, and clients are told to start anew", async () => {
    await write("before");
    let ended = 0;
    cache.watch(EVERYTHING, registry.revision, { onChanges: () => {}, onEnd: () => ended++ });
    store.loseWatches();
    expect([registry.connected, cache.isLoaded, ended]).toEqual([false, false, 1]);
    await write("meanwhile");
    await host.clock.advance("1s");
    await write("after");
    expect(registry.connected).toBe(true);
    expect(names()).toEqual(["after", "before", "meanwhile"]);
  });

  it("is followed by one watch when it is lost again while the caches are filled", async () => {
    let goOn = (): void => {};
    store.delay = new Promise((resolve) => (goOn = resolve));
    store.loseWatches();
    await host.clock.advance("1s");
    store.loseWatches();
    goOn();
    await host.clock.settle();
    // What was read before the second loss is not served: nobody would say what changed since.
    expect([registry.connected, cache.isLoaded]).toEqual([false, false]);
    await write("meanwhile");
    await host.clock.advance("5s");
    expect(store.openWatches).toBe(1);
    expect(names()).toEqual(["meanwhile"]);
    seen = [];
    await write("after");
    expect(seen).toEqual(["after"]);
  });
});
