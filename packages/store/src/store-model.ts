import type { Compare, KeyValue, StoreEvent, TxnRequest } from "./store.ts";

/** The simplest store that is right: a full copy of the state for each revision. What the real ones are compared with. */
export class StoreModel {
  readonly #states = new Map<number, ReadonlyMap<string, KeyValue>>();
  readonly events: StoreEvent[] = [];
  /** The revision of the store before the history of the model began. */
  readonly firstRevision: number;
  revision: number;
  compactRevision: number;

  /** `revision` is that of the store, in which no key of the model exists yet. */
  constructor(revision: number) {
    this.firstRevision = revision;
    this.revision = revision;
    this.compactRevision = revision;
    this.#states.set(revision, new Map());
  }

  /** All keys at `revision`, sorted. */
  at(revision: number): readonly KeyValue[] {
    const state = this.#states.get(revision);
    if (state === undefined) throw new Error(`the model has no revision ${revision}`);
    return [...state.values()].toSorted((left, right) => Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)));
  }

  /** Carries out a transaction of puts and deletes; answers whether its comparisons held. */
  txn(request: TxnRequest): boolean {
    const before = this.#states.get(this.revision)!;
    const state = new Map(before);
    const revision = this.revision + 1;
    const succeeded = request.compare.every((compare) => holds(compare, before.get(compare.key)));
    const events: StoreEvent[] = [];
    for (const operation of (succeeded ? request.success : request.failure) ?? []) {
      if (operation.type === "range") continue;
      if (operation.type === "put") {
        const previous = state.get(operation.key);
        const kv: KeyValue = {
          key: operation.key,
          value: operation.value,
          createRevision: previous?.createRevision ?? revision,
          modRevision: revision,
          version: (previous?.version ?? 0) + 1,
        };
        state.set(operation.key, kv);
        events.push({ type: "put", kv, ...(previous && { previous }) });
        continue;
      }
      const { key, end } = operation;
      for (const previous of this.#sorted(state, key, end)) {
        state.delete(previous.key);
        const kv: KeyValue = { key: previous.key, value: new Uint8Array(0), createRevision: 0, modRevision: revision, version: 0 };
        events.push({ type: "delete", kv, previous });
      }
    }
    if (events.length > 0) {
      this.revision = revision;
      this.#states.set(revision, state);
      this.events.push(...events);
    }
    return succeeded;
  }

  /** The events from `revision` on as a watch must deliver them now: nothing before the compact revision is remembered. */
  eventsFrom(revision: number): readonly StoreEvent[] {
    return this.events
      .filter((event) => event.kv.modRevision >= revision)
      .map((event) => (event.kv.modRevision > this.compactRevision ? event : { type: event.type, kv: event.kv }));
  }

  #sorted(state: ReadonlyMap<string, KeyValue>, key: string, end: string | undefined): readonly KeyValue[] {
    const inside = [...state.values()].filter((kv) => (end === undefined ? kv.key === key : kv.key >= key && kv.key < end));
    return inside.toSorted((left, right) => (left.key < right.key ? -1 : 1));
  }
}

function holds(compare: Compare, kv: KeyValue | undefined): boolean {
  const actual = kv?.[compare.target] ?? 0;
  if (compare.result === "equal") return actual === compare.value;
  if (compare.result === "notEqual") return actual !== compare.value;
  return compare.result === "greater" ? actual > compare.value : actual < compare.value;
}
