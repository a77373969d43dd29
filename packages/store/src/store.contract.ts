import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CompactedError, FutureRevisionError, prefixEnd, type Compare, type KeyValue, type Store, type TxnResponse } from "./store.ts";
import { checkAgainstModel } from "./store-properties.ts";
import { WatchRecorder } from "./watch-recorder.ts";

/** How the contract opens the store that it checks. */
interface StoreContractOptions {
  /** Opens the store; called once. It may hold other keys and any revision. */
  readonly open: () => Promise<Store>;
  /** Why the suite cannot run here; absent: it can. */
  readonly skip?: string;
  /** How many random histories to compare with the model. Default 50. */
  readonly runs?: number;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);
const entry = (kv: KeyValue | undefined): string | undefined => (kv === undefined ? undefined : `${kv.key}=${text(kv.value)}`);

/** Everything that the store port promises, checked on one implementation. */
export function storeContract(name: string, options: StoreContractOptions): void {
  describe.skipIf(options.skip !== undefined)(
    `${name} keeps the store contract${options.skip ? ` (skipped: ${options.skip})` : ""}`,
    () => {
      let store: Store;
      let prefix: string;
      let suite = 0;
      const key = (name: string): string => `${prefix}${name}`;
      const put = (name: string, value: string): Promise<TxnResponse> =>
        store.txn({ compare: [], success: [{ type: "put", key: key(name), value: bytes(value) }] });
      const remove = (name: string): Promise<TxnResponse> => store.txn({ compare: [], success: [{ type: "delete", key: key(name) }] });
      const all = (): { key: string; end: string } => ({ key: prefix, end: prefixEnd(prefix) });
      const read = async (name: string, revision?: number): Promise<KeyValue | undefined> =>
        (await store.range({ key: key(name), ...(revision !== undefined && { revision }) })).kvs[0];
      const record = (request: { startRevision?: number; previous?: boolean } = {}): WatchRecorder =>
        new WatchRecorder(store, { ...all(), ...request });

      beforeAll(async () => {
        store = await options.open();
      });
      afterAll(async () => {
        await store?.close();
      });
      beforeEach(() => {
        prefix = `/contract-${suite++}/`;
      });

      describe("transactions", () => {
        it("raises the revision by one for each change and counts versions", async () => {
          const start = await store.currentRevision();
          expect((await put("a", "1")).revision).toBe(start + 1);
          expect((await put("b", "1")).revision).toBe(start + 2);
          expect((await put("a", "2")).revision).toBe(start + 3);
          expect(await read("a")).toMatchObject({ createRevision: start + 1, modRevision: start + 3, version: 2 });
          expect(await store.currentRevision()).toBe(start + 3);
        });

        it("starts a key afresh when it is created again after a deletion", async () => {
          const start = await store.currentRevision();
          await put("a", "1");
          await put("a", "2");
          await remove("a");
          expect(await read("a")).toBeUndefined();
          await put("a", "3");
          expect(await read("a")).toMatchObject({ createRevision: start + 4, modRevision: start + 4, version: 1 });
        });

        it("makes no revision when nothing changes", async () => {
          await put("a", "1");
          const start = await store.currentRevision();
          const deleted = await remove("absent");
          expect(deleted).toMatchObject({ succeeded: true, revision: start, results: [{ type: "delete", deleted: 0 }] });
          const range = await store.txn({ compare: [], success: [{ type: "range", key: key("a") }] });
          expect(range.revision).toBe(start);
          expect(await store.currentRevision()).toBe(start);
        });

        it("does all operations of a branch at one revision, in order, each seeing those before", async () => {
          const start = await store.currentRevision();
          await put("b", "old");
          const response = await store.txn({
            compare: [],
            success: [
              { type: "put", key: key("a"), value: bytes("1") },
              { type: "range", ...all() },
              { type: "delete", key: key("b") },
              { type: "range", ...all() },
            ],
          });
          expect(response.revision).toBe(start + 2);
          const [, first, , second] = response.results;
          expect(first?.type === "range" && first.kvs.map(entry)).toEqual([`${key("a")}=1`, `${key("b")}=old`]);
          expect(second?.type === "range" && second.kvs.map(entry)).toEqual([`${key("a")}=1`]);
          expect(await read("a")).toMatchObject({ modRevision: start + 2 });
        });

        it("does the failure branch when a comparison does not hold", async () => {
          await put("a", "1");
          const response = await store.txn({
            compare: [
              { key: key("a"), target: "version", result: "equal", value: 1 },
              { key: key("a"), target: "modRevision", result: "equal", value: 0 },
            ],
            success: [{ type: "put", key: key("a"), value: bytes("wrong") }],
            failure: [{ type: "range", key: key("a") }],
          });
          expect(response.succeeded).toBe(false);
          const [range] = response.results;
          expect(range?.type === "range" && range.kvs.map(entry)).toEqual([`${key("a")}=1`]);
          expect(entry(await read("a"))).toBe(`${key("a")}=1`);
        });

        it("does nothing when a comparison does not hold and there is no failure branch", async () => {
          const start = await store.currentRevision();
          const response = await store.txn({
            compare: [{ key: key("a"), target: "version", result: "greater", value: 0 }],
            success: [{ type: "put", key: key("a"), value: bytes("wrong") }],
          });
          expect(response).toEqual({ succeeded: false, revision: start, results: [] });
          expect(await read("a")).toBeUndefined();
        });

        it("deletes a range and says how many keys it had", async () => {
          for (const name of ["a", "b", "c", "d"]) await put(name, "1");
          const response = await store.txn({ compare: [], success: [{ type: "delete", key: key("b"), end: key("d") }] });
          expect(response.results).toEqual([{ type: "delete", deleted: 2 }]);
          expect((await store.range(all())).kvs.map((kv) => kv.key)).toEqual([key("a"), key("d")]);
        });

        it("refuses a transaction that changes a key twice, and changes nothing", async () => {
          const start = await store.currentRevision();
          const twice = { type: "put", key: key("a"), value: bytes("1") } as const;
          await expect(store.txn({ compare: [], success: [twice, twice] })).rejects.toThrow(/twice/);
          await expect(store.txn({ compare: [], success: [twice, { type: "delete", ...all() }] })).rejects.toThrow(/writes and deletes/);
          expect(await store.currentRevision()).toBe(start);
        });

        it("keeps values of any bytes, empty and large ones included", async () => {
          const large = Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 31) & 0xff);
          await store.txn({ compare: [], success: [{ type: "put", key: key("large"), value: large }] });
          await put("empty", "");
          expect(Buffer.compare((await read("large"))!.value, large)).toBe(0);
          expect((await read("empty"))!.value).toHaveLength(0);
        });

        it("lets exactly one of many concurrent writers win each compare-and-swap", async () => {
          await put("counter", "0");
          const increment = async (): Promise<number> => {
            for (let attempt = 1; ; attempt++) {
              const current = (await read("counter"))!;
              const response = await store.txn({
                compare: [{ key: current.key, target: "modRevision", result: "equal", value: current.modRevision }],
                success: [{ type: "put", key: current.key, value: bytes(String(Number(text(current.value)) + 1)) }],
              });
              if (response.succeeded) return attempt;
            }
          };
          const attempts = await Promise.all(Array.from({ length: 20 }, increment));
          expect(text((await read("counter"))!.value)).toBe("20");
          expect(Math.max(...attempts)).toBeGreaterThan(1);
        });

        it("gives concurrent writers different revisions without gaps", async () => {
          const start = await store.currentRevision();
          const responses = await Promise.all(Array.from({ length: 50 }, (_, index) => put(`k${index}`, "v")));
          const revisions = responses.map((response) => response.revision).toSorted((left, right) => left - right);
          expect(revisions).toEqual(Array.from({ length: 50 }, (_, index) => start + 1 + index));
        });
      });

      describe("comparisons", () => {
        const targets = ["modRevision", "createRevision", "version"] as const;
        const results = ["equal", "notEqual", "greater", "less"] as const;
        const expected: Record<(typeof results)[number], (actual: number, value: number) => boolean> = {
          equal: (actual, value) => actual === value,
          notEqual: (actual, value) => actual !== value,
          greater: (actual, value) => actual > value,
          less: (actual, value) => actual < value,
        };
        it.each(targets.flatMap((target) => results.map((result) => [target, result] as const)))("%s %s", async (target, result) => {
          await put("a", "1");
          await put("a", "2");
          for (const name of ["a", "absent"]) {
            const actual = (await read(name))?.[target] ?? 0;
            for (const value of [actual - 1, actual, actual + 1].filter((value) => value >= 0)) {
              const compare: Compare = { key: key(name), target, result, value };
              const { succeeded } = await store.txn({ compare: [compare], success: [] });
              expect({ ...compare, actual, succeeded }).toEqual({ ...compare, actual, succeeded: expected[result](actual, value) });
            }
          }
        });
      });

      describe("ranges", () => {
        it("answers keys in byte order, prefixes and code points past U+FFFF included", async () => {
          const names = ["a", "a/", "a/b", "a0", "b", "A", "\u00e9", "\uff5e", "\u{1f600}"];
          for (const name of names) await put(name, name);
          const sorted = names.map(key).toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
          expect((await store.range(all())).kvs.map((kv) => kv.key)).toEqual(sorted);
        });

        it("includes the first key of a range and excludes its end", async () => {
          for (const name of ["a", "b", "c"]) await put(name, "1");
          expect((await store.range({ key: key("a"), end: key("c") })).kvs.map((kv) => kv.key)).toEqual([key("a"), key("b")]);
          expect((await store.range({ key: key("c"), end: key("a") })).kvs).toEqual([]);
        });

        it("cuts at the limit, says so and counts all", async () => {
          for (const name of ["a", "b", "c"]) await put(name, "1");
          const cut = await store.range({ ...all(), limit: 2 });
          expect({ keys: cut.kvs.map((kv) => kv.key), more: cut.more, count: cut.count }).toEqual({
            keys: [key("a"), key("b")],
            more: true,
            count: 3,
          });
          const whole = await store.range({ ...all(), limit: 3 });
          expect({ length: whole.kvs.length, more: whole.more, count: whole.count }).toEqual({ length: 3, more: false, count: 3 });
        });

        it("leaves out the values when asked for keys only, and the keys when asked for the count", async () => {
          await put("a", "1");
          const keys = await store.range({ ...all(), keysOnly: true });
          expect(keys.kvs).toEqual([{ ...(await read("a"))!, value: new Uint8Array(0) }]);
          expect(await store.range({ ...all(), countOnly: true })).toMatchObject({ kvs: [], count: 1, more: false });
        });

        it("reads the state at an older revision and says which revision is the newest", async () => {
          const { revision } = await put("a", "1");
          await put("a", "2");
          await put("b", "1");
          await remove("a");
          const newest = await store.currentRevision();
          const old = await store.range({ ...all(), revision });
          expect(old).toMatchObject({ revision: newest, count: 1 });
          expect(old.kvs.map(entry)).toEqual([`${key("a")}=1`]);
          expect((await store.range({ ...all(), revision: revision + 2 })).kvs.map(entry)).toEqual([`${key("a")}=2`, `${key("b")}=1`]);
          expect((await store.range({ ...all(), revision: newest })).kvs.map(entry)).toEqual([`${key("b")}=1`]);
        });

        it("pages through one revision while the store changes", async () => {
          for (let index = 10; index < 35; index++) await put(`k${index}`, "1");
          const revision = await store.currentRevision();
          const seen: string[] = [];
          let from = prefix;
          for (;;) {
            const page = await store.range({ ...all(), key: from, limit: 10, revision });
            seen.push(...page.kvs.map((kv) => kv.key));
            if (!page.more) break;
            from = `${page.kvs.at(-1)!.key}\0`;
            await put(`k${seen.length}-new`, "2");
            await remove("k30");
          }
          expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => key(`k${index + 10}`)));
        });

        it("refuses a revision that does not exist yet", async () => {
          const revision = (await store.currentRevision()) + 1;
          await expect(store.range({ ...all(), revision })).rejects.toBeInstanceOf(FutureRevisionError);
        });
      });

      describe("compaction", () => {
        it("keeps the state at the compact revision and refuses what is older", async () => {
          await put("a", "1");
          await put("b", "1");
          await remove("b");
          const { revision } = await put("a", "2");
          await put("a", "3");
          await store.compact(revision);
          expect((await store.range({ ...all(), revision })).kvs.map(entry)).toEqual([`${key("a")}=2`]);
          expect(entry(await read("a"))).toBe(`${key("a")}=3`);
          const refused = await store.range({ ...all(), revision: revision - 1 }).catch((error: unknown) => error);
          expect(refused).toBeInstanceOf(CompactedError);
          expect((await read("a"))!.version).toBe(3);
        });

        it("refuses to compact twice at a revision, or in the future", async () => {
          const { revision } = await put("a", "1");
          await store.compact(revision);
          await expect(store.compact(revision)).rejects.toBeInstanceOf(CompactedError);
          await expect(store.compact(revision + 1)).rejects.toBeInstanceOf(FutureRevisionError);
        });

        it("lets a key that was deleted and compacted away be created again", async () => {
          await put("a", "1");
          const { revision } = await remove("a");
          await store.compact(revision);
          const created = await put("a", "2");
          expect(await read("a")).toMatchObject({ createRevision: created.revision, version: 1 });
        });
      });

      describe("watches", () => {
        it("delivers what happens after its start, in order, and nothing outside its range", async () => {
          await put("before", "1");
          const recorder = record();
          // A remote store registers the watch asynchronously; progress tells that it is in place.
          await recorder.upTo(await store.currentRevision());
          await put("a", "1");
          await store.txn({ compare: [], success: [{ type: "put", key: `${prefixEnd(prefix)}x`, value: bytes("outside") }] });
          const { revision } = await remove("a");
          const events = await recorder.upTo(revision);
          expect(events.map(({ type, kv }) => [type, kv.key, kv.modRevision])).toEqual([
            ["put", key("a"), revision - 2],
            ["delete", key("a"), revision],
          ]);
          expect(events[1]!.kv).toEqual({ key: key("a"), value: new Uint8Array(0), createRevision: 0, modRevision: revision, version: 0 });
          recorder.watch.close();
        });

        it("resumes from any revision and then goes on with what is new", async () => {
          const { revision } = await put("a", "1");
          await put("a", "2");
          await put("b", "1");
          const recorder = record({ startRevision: revision + 1 });
          const last = await put("a", "3");
          const events = await recorder.upTo(last.revision);
          expect(events.map(({ kv }) => entry(kv))).toEqual([`${key("a")}=2`, `${key("b")}=1`, `${key("a")}=3`]);
          recorder.watch.close();
        });

        it("waits for a start in the future", async () => {
          const start = (await store.currentRevision()) + 2;
          const recorder = record({ startRevision: start });
          await put("a", "too early");
          await put("a", "first");
          await recorder.until(() => recorder.events.length > 0);
          expect(recorder.events.map(({ kv }) => [entry(kv), kv.modRevision])).toEqual([[`${key("a")}=first`, start]]);
          recorder.watch.close();
        });

        it("delivers all changes of a transaction in one batch, in the order of the transaction", async () => {
          const names = ["c", "a", "b"];
          const first = await put("a", "old");
          const puts = names.map((name) => ({ type: "put", key: key(name), value: bytes("new") }) as const);
          const { revision } = await store.txn({ compare: [], success: puts });
          for (const startRevision of [first.revision, revision]) {
            const recorder = record({ startRevision });
            await recorder.upTo(revision);
            const batch = recorder.batches.find(({ events }) => events.some(({ kv }) => kv.modRevision === revision))!;
            expect(batch.events.filter(({ kv }) => kv.modRevision === revision).map(({ kv }) => kv.key)).toEqual(names.map(key));
            recorder.watch.close();
          }
        });

        it("delivers what was there before, only where asked for", async () => {
          const { revision } = await put("a", "1");
          await put("a", "2");
          const last = await remove("a");
          const asked = await record({ startRevision: revision, previous: true }).upTo(last.revision);
          expect(asked.map(({ previous }) => entry(previous))).toEqual([undefined, `${key("a")}=1`, `${key("a")}=2`]);
          const unasked = await record({ startRevision: revision }).upTo(last.revision);
          expect(unasked.every((event) => event.previous === undefined)).toBe(true);
        });

        it("answers a request for progress with the newest revision, after everything before it", async () => {
          const recorder = record();
          await recorder.upTo(await store.currentRevision());
          const { revision } = await put("a", "1");
          await store.txn({ compare: [], success: [{ type: "put", key: `${prefixEnd(prefix)}y`, value: bytes("outside") }] });
          await recorder.upTo(revision + 1);
          expect(recorder.events.map(({ kv }) => kv.modRevision)).toEqual([revision]);
          const revisions = recorder.batches.map((batch) => batch.revision);
          expect(revisions).toEqual(revisions.toSorted((left, right) => left - right));
          recorder.watch.close();
        });

        it("can start at exactly the compact revision, deletions at that revision included", async () => {
          await put("a", "1");
          await put("b", "1");
          const { revision } = await remove("a");
          await store.compact(revision);
          const recorder = record({ startRevision: revision, previous: true });
          const events = await recorder.upTo(revision);
          expect(events).toEqual([
            { type: "delete", kv: { key: key("a"), value: new Uint8Array(0), createRevision: 0, modRevision: revision, version: 0 } },
          ]);
          recorder.watch.close();
        });

        it("ends with an error when its start was compacted away", async () => {
          const { revision } = await put("a", "1");
          const last = await put("a", "2");
          await store.compact(last.revision);
          const recorder = record({ startRevision: revision });
          await recorder.until(() => recorder.error !== undefined);
          expect(recorder.error).toBeInstanceOf(CompactedError);
          expect((recorder.error as CompactedError).compactRevision).toBe(last.revision);
          expect(recorder.events).toEqual([]);
        });

        it("is not disturbed by a compaction once it has caught up", async () => {
          const recorder = record();
          await recorder.upTo(await store.currentRevision());
          await put("a", "1");
          const { revision } = await put("a", "2");
          await recorder.upTo(revision);
          await store.compact(revision);
          const last = await put("a", "3");
          expect((await recorder.upTo(last.revision)).map(({ kv }) => entry(kv))).toEqual(
            ["1", "2", "3"].map((value) => `${key("a")}=${value}`),
          );
          recorder.watch.close();
        });

        it("makes no callback after close", async () => {
          const closed = record();
          const open = record();
          closed.watch.close();
          const { revision } = await put("a", "1");
          await open.upTo(revision);
          expect(closed.batches).toEqual([]);
          open.watch.close();
        });

        it("lets a callback write without disturbing the order that others see", async () => {
          const first = record();
          const echo = store.watch({
            ...all(),
            onBatch: ({ events }) => {
              for (const { kv } of events) if (kv.key === key("a")) void put("echo", "1");
            },
            onError: () => {},
          });
          const last = record();
          const start = await store.currentRevision();
          for (const recorder of [first, last]) await recorder.upTo(start);
          await put("a", "1");
          for (const recorder of [first, last]) {
            await recorder.until(() => recorder.events.length === 2);
            expect(recorder.events.map(({ kv }) => [kv.key, kv.modRevision])).toEqual([
              [key("a"), start + 1],
              [key("echo"), start + 2],
            ]);
            recorder.watch.close();
          }
          echo.close();
        });

        it("shows a change to readers no later than to watchers", async () => {
          const recorder = record();
          await recorder.upTo(await store.currentRevision());
          let read: Promise<unknown> = Promise.resolve();
          const watch = store.watch({
            ...all(),
            startRevision: (await store.currentRevision()) + 1,
            onBatch: ({ revision }) => {
              read = store.range({ ...all(), revision });
            },
            onError: () => {},
          });
          const { revision } = await put("a", "1");
          await recorder.upTo(revision);
          await expect(read).resolves.toMatchObject({});
          recorder.watch.close();
          watch.close();
        });
      });

      it("agrees with a simple model on random histories", async () => {
        await checkAgainstModel(store, prefix, options.runs ?? 50);
      }, 60_000);
    },
  );
}
