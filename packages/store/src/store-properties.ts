import * as fc from "fast-check";
import { expect } from "vitest";
import { StoreModel } from "./store-model.ts";
import { CompactedError, prefixEnd, type Compare, type Operation, type Store, type StoreEvent, type TxnRequest } from "./store.ts";
import { WatchRecorder } from "./watch-recorder.ts";

const NAMES = ["a", "b", "b/1", "b/2", "c"];

type Step =
  | { readonly type: "txn"; readonly txn: TxnRequest }
  | { readonly type: "compact"; readonly back: number }
  | { readonly type: "read"; readonly back: number; readonly limit: number }
  | { readonly type: "watch"; readonly back: number };

const names = fc.constantFrom(...NAMES);
const back = fc.integer({ min: 0, max: 6 });

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("put" as const), key: names, value: fc.uint8Array({ maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("delete" as const), key: names }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("delete" as const), key: names, end: names }) },
);

const compare: fc.Arbitrary<Compare> = fc.record({
  key: names,
  target: fc.constant("version" as const),
  result: fc.constantFrom("equal" as const, "greater" as const, "less" as const, "notEqual" as const),
  value: fc.integer({ min: 0, max: 2 }),
});

/** As the port demands, no key is changed twice in a branch: one range is deleted, or each key is changed by the first operation on it. */
const branch = fc.array(operation, { maxLength: 3 }).map((operations) => {
  const ranges = operations.filter((operation) => operation.type === "delete" && operation.end !== undefined);
  if (ranges.length > 0) return ranges;
  return operations.filter(({ key }, index) => operations.findIndex((other) => other.key === key) === index);
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("txn" as const),
      txn: fc.record({ compare: fc.array(compare, { maxLength: 2 }), success: branch, failure: branch }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("compact" as const), back }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("read" as const), back, limit: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("watch" as const), back }) },
);

/** Runs random histories on `store` and on a {@link StoreModel}, and fails where they differ. */
export async function checkAgainstModel(store: Store, prefix: string, runs: number): Promise<void> {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      await new History(store, `${prefix}${run++}/`, await store.currentRevision()).play(steps);
    }),
    { numRuns: runs },
  );
}

/** One random history: every answer of the store is compared with the model's. */
class History {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #model: StoreModel;
  readonly #recorders: { readonly from: number; readonly recorder: WatchRecorder; readonly before: readonly StoreEvent[] }[] = [];

  constructor(store: Store, prefix: string, revision: number) {
    this.#store = store;
    this.#prefix = prefix;
    this.#model = new StoreModel(revision);
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#step(step);
    for (const { from, recorder, before } of this.#recorders) {
      const events = await recorder.upTo(this.#model.revision);
      const after = this.#model.events.filter((event) => event.kv.modRevision >= from).slice(before.length);
      expect(events).toEqual([...before, ...after]);
      recorder.watch.close();
    }
  }

  async #step(step: Step): Promise<void> {
    const model = this.#model;
    switch (step.type) {
      case "txn": {
        const txn = this.#prefixed(step.txn);
        const succeeded = model.txn(txn);
        expect(await this.#store.txn(txn)).toMatchObject({ succeeded, revision: model.revision });
        return;
      }
      case "compact": {
        const revision = model.revision - step.back;
        if (revision <= model.compactRevision) return;
        // A watch that has not caught up yet would end; that is another test's matter.
        for (const { recorder } of this.#recorders) await recorder.upTo(model.revision);
        await this.#store.compact(revision);
        model.compactRevision = revision;
        return;
      }
      case "read": {
        // What was before the history of the model may be readable, or compacted by an earlier run.
        const revision = Math.max(model.firstRevision, model.revision - step.back);
        const range = { key: this.#prefix, end: prefixEnd(this.#prefix), revision, limit: step.limit };
        if (revision < model.compactRevision) {
          await expect(this.#store.range(range)).rejects.toBeInstanceOf(CompactedError);
          return;
        }
        const kvs = model.at(revision);
        const expected = { revision: model.revision, count: kvs.length, more: step.limit > 0 && kvs.length > step.limit };
        expect(await this.#store.range(range)).toEqual({ ...expected, kvs: step.limit > 0 ? kvs.slice(0, step.limit) : kvs });
        return;
      }
      case "watch": {
        const from = Math.max(model.compactRevision + 1, model.revision - step.back);
        const recorder = new WatchRecorder(this.#store, {
          key: this.#prefix,
          end: prefixEnd(this.#prefix),
          startRevision: from,
          previous: true,
        });
        this.#recorders.push({ from, recorder, before: model.eventsFrom(from) });
        // A later compaction may take away what was there before an event that is still to be replayed.
        await recorder.upTo(model.revision);
      }
    }
  }

  #prefixed(txn: TxnRequest): TxnRequest {
    const operations = (list: readonly Operation[] = []): Operation[] =>
      list.map((operation) => {
        const key = this.#prefix + operation.key;
        return operation.type === "delete" && operation.end !== undefined
          ? { ...operation, key, end: this.#prefix + operation.end }
          : { ...operation, key };
      });
    const { compare, success, failure } = txn;
    return {
      compare: compare.map((one) => ({ ...one, key: this.#prefix + one.key })),
      success: operations(success),
      failure: operations(failure),
    };
  }
}
