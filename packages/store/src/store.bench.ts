import { assert, type Clock } from "@skiff/base";
import { prefixEnd, type Store, type StoreWatch } from "./store.ts";

/** How much work a benchmark does. */
interface StoreBenchScale {
  /** Transactions in all, for each number of writers. */
  readonly transactions: number;
  /** Keys in the range that is read. */
  readonly rangeKeys: number;
  readonly ranges: number;
  readonly watchers: number;
  /** Events that every watcher gets. */
  readonly watchedEvents: number;
  /** Size of a value, in bytes. */
  readonly valueBytes: number;
}

/** About what a cluster of some 10,000 objects asks for: a Pod is about 2 KiB. */
export const FULL_SCALE: StoreBenchScale = {
  transactions: 4_000,
  rangeKeys: 10_000,
  ranges: 10,
  watchers: 1_000,
  watchedEvents: 100,
  valueBytes: 2_048,
};

/** One figure. */
export interface StoreBenchResult {
  readonly store: string;
  readonly benchmark: string;
  readonly unit: string;
  readonly perSecond: number;
  /** How long one operation took, in milliseconds; absent where operations overlap. */
  readonly medianMs?: number;
  readonly slowest1PercentMs?: number;
}

/** Measures `store`, which must be empty under `/bench/`, and yields each figure as it is there. */
export async function* benchmarkStore(name: string, store: Store, clock: Clock, scale: StoreBenchScale): AsyncGenerator<StoreBenchResult> {
  for (const writers of [1, 64]) yield { store: name, ...(await transactions(store, clock, scale, writers)) };
  yield { store: name, ...(await ranges(store, clock, scale)) };
  yield { store: name, ...(await fanOut(store, clock, scale)) };
}

/** The figures as a table for people. */
export function benchTable(results: readonly StoreBenchResult[]): string {
  const number = (value: number | undefined, digits: number): string =>
    value === undefined ? "" : value.toLocaleString("en", { maximumFractionDigits: digits });
  const rows = [
    ["store", "benchmark", "per second", "", "median ms", "slowest 1 % ms"],
    ...results.map(({ store, benchmark, unit, perSecond, medianMs, slowest1PercentMs }) => {
      return [store, benchmark, number(perSecond, 0), unit, number(medianMs, 2), number(slowest1PercentMs, 2)];
    }),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => ([0, 1, 3].includes(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

type Figure = Omit<StoreBenchResult, "store">;

/** Compare-and-swap updates as the API server makes them; each writer has its own keys and waits for each answer. */
async function transactions(store: Store, clock: Clock, scale: StoreBenchScale, writers: number): Promise<Figure> {
  const value = new Uint8Array(scale.valueBytes).fill(120);
  const each = Math.ceil(scale.transactions / writers);
  const times: number[] = [];
  const write = async (writer: number): Promise<void> => {
    const key = `/bench/txn-${writers}/${writer}`;
    let modRevision = 0;
    for (let count = 0; count < each; count++) {
      const start = clock.monotonic();
      const compare = [{ key, target: "modRevision", result: "equal", value: modRevision } as const];
      const { succeeded, revision } = await store.txn({ compare, success: [{ type: "put", key, value }] });
      assert(succeeded, "nobody else writes this key");
      modRevision = revision;
      times.push(clock.monotonic() - start);
    }
  };
  const start = clock.monotonic();
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return figure(`update, ${writers} writer${writers > 1 ? "s" : ""}`, "txn", times.length, clock.monotonic() - start, times);
}

async function ranges(store: Store, clock: Clock, scale: StoreBenchScale): Promise<Figure> {
  const value = new Uint8Array(scale.valueBytes).fill(120);
  const prefix = "/bench/range/";
  const perTxn = 100;
  for (let first = 0; first < scale.rangeKeys; first += perTxn) {
    const keys = Array.from({ length: Math.min(perTxn, scale.rangeKeys - first) }, (_, index) => `${prefix}${first + index}`);
    await store.txn({ compare: [], success: keys.map((key) => ({ type: "put", key, value }) as const) });
  }
  const times: number[] = [];
  const start = clock.monotonic();
  for (let count = 0; count < scale.ranges; count++) {
    const before = clock.monotonic();
    const { kvs } = await store.range({ key: prefix, end: prefixEnd(prefix) });
    assert(kvs.length === scale.rangeKeys, "the range is complete");
    times.push(clock.monotonic() - before);
  }
  const elapsed = clock.monotonic() - start;
  return figure(`range of ${scale.rangeKeys} keys`, "keys", scale.ranges * scale.rangeKeys, elapsed, times);
}

/** Every watcher gets every event; the time is from the first write to the last delivery. */
async function fanOut(store: Store, clock: Clock, scale: StoreBenchScale): Promise<Figure> {
  const prefix = "/bench/watch/";
  const expected = scale.watchers * scale.watchedEvents;
  const startRevision = (await store.currentRevision()) + 1;
  const value = new Uint8Array(scale.valueBytes).fill(120);
  const watches: StoreWatch[] = [];
  const start = clock.monotonic();
  await new Promise<void>((resolve, reject) => {
    let delivered = 0;
    const onBatch = ({ events }: { readonly events: readonly unknown[] }): void => {
      delivered += events.length;
      if (delivered === expected) resolve();
    };
    for (let count = 0; count < scale.watchers; count++) {
      watches.push(store.watch({ key: prefix, end: prefixEnd(prefix), startRevision, onBatch, onError: reject }));
    }
    const write = async (): Promise<void> => {
      for (let count = 0; count < scale.watchedEvents; count++) {
        await store.txn({ compare: [], success: [{ type: "put", key: `${prefix}${count % 10}`, value }] });
      }
    };
    write().catch(reject);
  });
  const elapsed = clock.monotonic() - start;
  for (const watch of watches) watch.close();
  return figure(`watch, ${scale.watchers} watchers`, "events", expected, elapsed);
}

function figure(benchmark: string, unit: string, count: number, elapsedMs: number, times: readonly number[] = []): Figure {
  const perSecond = (count * 1000) / Math.max(elapsedMs, Number.EPSILON);
  if (times.length === 0) return { benchmark, unit, perSecond };
  const sorted = times.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { benchmark, unit, perSecond, medianMs: at(0.5), slowest1PercentMs: at(0.99) };
}
