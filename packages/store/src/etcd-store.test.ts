import { systemClock } from "@skiff/base";
import { afterAll, describe, expect, it } from "vitest";
import type { EtcdTls } from "./etcd-connection.ts";
import { EtcdStore } from "./etcd-store.ts";
import { EtcdProcess, etcdBinary } from "./node-etcd-process.ts";
import { storeContract } from "./store.contract.ts";
import { prefixEnd, StoreUnavailableError, type Store, type TxnResponse } from "./store.ts";
import { WatchRecorder } from "./watch-recorder.ts";

const binary = etcdBinary();
const skip = binary === undefined ? "there is no etcd; `npx tsx scripts/build-tools.ts etcd` builds one" : undefined;
const running: EtcdProcess[] = [];
const start = async (tls = false): Promise<EtcdProcess> => {
  const etcd = await EtcdProcess.start(binary!, { tls });
  running.push(etcd);
  return etcd;
};
afterAll(async () => {
  for (const etcd of running) await etcd.remove();
});

storeContract("the etcd store", { open: async () => (await start()).open(), ...(skip && { skip }), runs: 20 });

describe.skipIf(skip !== undefined)(`the etcd store${skip ? ` (skipped: ${skip})` : ""}`, () => {
  const put = (store: Store, key: string, value = "1"): Promise<TxnResponse> =>
    store.txn({ compare: [], success: [{ type: "put", key, value: Buffer.from(value) }] });
  const everything = { key: "/", end: "0" };

  it("keeps watches alive over a crash of etcd, with no event lost and none twice", async () => {
    const etcd = await start();
    const store = await etcd.open();
    const recorder = new WatchRecorder(store, everything);
    await recorder.upTo(await store.currentRevision());
    const revisions: number[] = [];
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < 20; count++) revisions.push((await put(store, `/k${count}`)).revision);
      await etcd.kill();
      await expect(store.currentRevision()).rejects.toBeInstanceOf(StoreUnavailableError);
      await etcd.restart();
      // Written by someone else while the watch may not be back yet.
      const other = await etcd.open();
      revisions.push((await put(other, "/other")).revision);
      await other.close();
      // The store itself comes back with the next attempt to connect.
      await expect.poll(() => store.currentRevision().catch(() => 0), { timeout: 5_000 }).toBeGreaterThan(0);
    }
    await recorder.upTo(revisions.at(-1)!);
    expect(recorder.events.map(({ kv }) => kv.modRevision)).toEqual(revisions);
    expect(recorder.error).toBeUndefined();
    await store.close();
  });

  it("sees nothing outside its prefix, ranges without an end included", async () => {
    const etcd = await start();
    const [mine, theirs, raw] = [await etcd.open("/mine"), await etcd.open("/minf"), await etcd.open()];
    const recorder = new WatchRecorder(mine, { key: "", end: "\0" });
    await recorder.upTo(await mine.currentRevision());
    await put(theirs, "/a");
    const { revision } = await put(mine, "/a");
    await recorder.upTo(revision);
    expect(recorder.events.map(({ kv }) => kv.key)).toEqual(["/a"]);
    expect((await mine.range({ key: "", end: "\0" })).kvs.map(({ key }) => key)).toEqual(["/a"]);
    expect((await raw.range({ key: "/", end: prefixEnd("/") })).kvs.map(({ key }) => key)).toEqual(["/mine/a", "/minf/a"]);
    await Promise.all([mine.close(), theirs.close(), raw.close()]);
  });

  it("puts revisions of many megabytes together, whole", async () => {
    const etcd = await start();
    const store = await etcd.open();
    const value = Buffer.alloc(700_000, 7);
    // One transaction is limited to 1.5 MiB; a watch that catches up gets many at once, and etcd cuts them where it likes.
    for (let count = 0; count < 8; count++) {
      await store.txn({ compare: [], success: ["/a", "/b"].map((key) => ({ type: "put", key, value }) as const) });
    }
    const recorder = new WatchRecorder(store, { ...everything, startRevision: 2 });
    await recorder.upTo(await store.currentRevision());
    expect(recorder.events.map(({ kv }) => `${kv.key}@${kv.modRevision}`)).toEqual(
      Array.from({ length: 8 }, (_, index) => [`/a@${index + 2}`, `/b@${index + 2}`]).flat(),
    );
    for (const { events } of recorder.batches.filter((batch) => batch.events.length > 0)) expect(events.length % 2).toBe(0);
    await store.close();
  });

  it("speaks TLS, and refuses a server that it does not trust", async () => {
    const etcd = await start(true);
    const store = await etcd.open();
    await put(store, "/a");
    expect((await store.range({ key: "/a" })).count).toBe(1);
    await store.close();
    const open = (tls: EtcdTls | undefined): Promise<EtcdStore> =>
      EtcdStore.open({ endpoints: [etcd.endpoint], timeoutMs: 2_000, clock: systemClock, ...(tls && { tls }) });
    await expect(open(undefined)).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it("goes on with another endpoint when one is down", async () => {
    const etcd = await start();
    const store = await EtcdStore.open({
      endpoints: ["http://127.0.0.1:1", etcd.endpoint],
      timeoutMs: 5_000,
      clock: systemClock,
    });
    expect((await put(store, "/a")).revision).toBe(2);
    const recorder = new WatchRecorder(store, { ...everything, startRevision: 2 });
    expect((await recorder.upTo(2)).length).toBe(1);
    await store.close();
  });
});
