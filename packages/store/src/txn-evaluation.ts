import { assert } from "@skiff/base";
import type { MvccIndex, Selection, Version } from "./mvcc-index.ts";
import { inRange, keyRange, sortKey } from "./sort-key.ts";
import type { Compare, Operation, RangeRequest, TxnRequest } from "./store.ts";

/** The most operations in one branch of a transaction, as etcd's default `--max-txn-ops`. */
const MAX_OPERATIONS = 128;

/** One change that a transaction made to the index. */
export interface Change<P> {
  readonly key: string;
  readonly version: Version<P>;
  /** The live version before, if there was one. */
  readonly previous: Version<P> | undefined;
}

/** A range that was read in a transaction: its keys and their versions; the values are not fetched yet. */
export interface RangeSelection<P> extends Selection<P> {
  readonly type: "range";
  readonly request: RangeRequest;
  /** The newest readable revision when the range was read. */
  readonly revision: number;
}

/** What one operation did. */
export type Evaluated<P> = { readonly type: "put" } | { readonly type: "delete"; readonly deleted: number } | RangeSelection<P>;

/** What a transaction did to the index. */
interface Evaluation<P> {
  readonly succeeded: boolean;
  /** The revision that it made, or the one that it read when it changed nothing. */
  readonly revision: number;
  readonly results: readonly Evaluated<P>[];
  readonly changes: readonly Change<P>[];
}

/**
 * Carries out a transaction on the index, without waiting for anything.
 *
 * Guarantees: all changes have the revision `revision + 1`; operations see those before them in the same transaction.
 * Errors: broken requests (the same key written twice, too many operations) and unreadable revisions throw before
 * anything is changed.
 *
 * @param revision the newest revision of the index.
 * @param payload what to keep with a version; `order` counts the changes of this transaction from 0.
 * @param check throws when a revision cannot be read.
 */
export function evaluate<P>(
  index: MvccIndex<P>,
  revision: number,
  request: TxnRequest,
  payload: (key: string, value: Uint8Array | undefined, version: Omit<Version<P>, "payload">, order: number) => P,
  check: (revision: number) => void,
): Evaluation<P> {
  const succeeded = request.compare.every((compare) => holds(index, revision, compare));
  const operations = succeeded ? request.success : (request.failure ?? []);
  for (const operation of operations) if (operation.type === "range" && operation.revision) check(operation.revision);
  const changes: Change<P>[] = [];
  const change = (key: string, value: Uint8Array | undefined): void => {
    const previous = index.at(key, revision + 1);
    const numbers = {
      modRevision: revision + 1,
      createRevision: value === undefined ? 0 : (previous?.createRevision ?? revision + 1),
      version: value === undefined ? 0 : (previous?.version ?? 0) + 1,
    };
    const version = { ...numbers, payload: payload(key, value, numbers, changes.length) };
    index.append(key, version);
    changes.push({ key, version, previous });
  };
  const results = operations.map((operation): Evaluated<P> => {
    if (operation.type === "put") {
      change(operation.key, operation.value);
      return { type: "put" };
    }
    const now = changes.length > 0 ? revision + 1 : revision;
    if (operation.type === "range") return selectRange(index, now, operation);
    const { selected, count } = index.select(operation.key, operation.end, revision + 1);
    for (const { key } of selected) change(key, undefined);
    return { type: "delete", deleted: count };
  });
  return { succeeded, revision: changes.length > 0 ? revision + 1 : revision, results, changes };
}

/** The keys that a range picks. `revision` is the newest readable one. */
export function selectRange<P>(index: MvccIndex<P>, revision: number, request: RangeRequest): RangeSelection<P> {
  const limit = request.countOnly ? 0 : request.limit || Number.POSITIVE_INFINITY;
  const selection = index.select(request.key, request.end, request.revision || revision, limit);
  return { type: "range", request, revision, ...selection };
}

/** Whether more keys are in the range than were picked because of its limit. */
export function isCut(selection: RangeSelection<unknown>): boolean {
  return !selection.request.countOnly && selection.selected.length < selection.count;
}

function holds<P>(index: MvccIndex<P>, revision: number, { key, target, result, value }: Compare): boolean {
  const actual = index.at(key, revision)?.[target] ?? 0;
  if (result === "equal") return actual === value;
  if (result === "notEqual") return actual !== value;
  return result === "greater" ? actual > value : actual < value;
}

/**
 * Checks what etcd checks before it carries out a transaction, so that all back ends refuse the same requests: no empty
 * key, not too many operations, no key changed twice in a branch.
 *
 * Errors: throws an `InvariantError`; such a request is a mistake of the caller.
 */
export function assertTxn(request: TxnRequest): void {
  for (const compare of request.compare) assert(compare.key !== "", "a comparison must name a key");
  assert(request.compare.length <= MAX_OPERATIONS, "a transaction has too many comparisons");
  assertBranch(request.success);
  if (request.failure !== undefined) assertBranch(request.failure);
}

function assertBranch(operations: readonly Operation[]): void {
  assert(operations.length <= MAX_OPERATIONS, "a transaction has too many operations");
  const written = new Set<string>();
  for (const operation of operations) {
    assert(operation.key !== "", "an operation must name a key");
    if (operation.type !== "put") continue;
    assert(!written.has(operation.key), `a transaction writes the key ${operation.key} twice`);
    written.add(operation.key);
  }
  if (written.size === 0) return;
  for (const operation of operations) {
    if (operation.type !== "delete") continue;
    const range = keyRange(operation.key, operation.end);
    for (const key of written) assert(!inRange(range, sortKey(key)), `a transaction writes and deletes the key ${key}`);
  }
}
