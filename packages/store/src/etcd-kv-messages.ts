/**
 * The messages of etcd's `etcdserverpb.KV` service, as far as the store port uses them. The numbers of the fields are
 * those of etcd's public API (`rpc.proto` and `kv.proto` of API version 3).
 */
import { protobufFields, protobufText, ProtobufWriter } from "@skiff/base";
import type { Compare, KeyValue, Operation, OperationResult, RangeRequest, RangeResponse, TxnRequest, TxnResponse } from "./store.ts";

const RESULTS = { equal: 0, greater: 1, less: 2, notEqual: 3 } as const;
/** The number of the target, and of the field that holds the value to compare with. */
const TARGETS = {
  version: { target: 0, field: 4 },
  createRevision: { target: 1, field: 5 },
  modRevision: { target: 2, field: 6 },
} as const;

/** A `RangeRequest`. Keys go to etcd as they are. */
export function encodeRangeRequest({ key, end, limit, revision, keysOnly, countOnly }: RangeRequest): Buffer {
  return new ProtobufWriter()
    .text(1, key)
    .text(2, end ?? "")
    .number(3, limit ?? 0)
    .number(4, revision ?? 0)
    .flag(8, keysOnly)
    .flag(9, countOnly)
    .finish();
}

/** A `TxnRequest`. */
export function encodeTxnRequest({ compare, success, failure }: TxnRequest): Buffer {
  const writer = new ProtobufWriter();
  for (const one of compare) writer.message(1, encodeCompare(one));
  for (const operation of success) writer.message(2, encodeOperation(operation));
  for (const operation of failure ?? []) writer.message(3, encodeOperation(operation));
  return writer.finish();
}

/** A `CompactionRequest`. */
export function encodeCompactionRequest(revision: number): Buffer {
  return new ProtobufWriter().number(1, revision).finish();
}

function encodeCompare({ key, target, result, value }: Compare): Buffer {
  const { target: number, field } = TARGETS[target];
  const writer = new ProtobufWriter().number(1, RESULTS[result]).number(2, number).text(3, key);
  // A member of a `oneof` must be there even when it is 0; an absent one would compare with nothing.
  return Buffer.concat([writer.finish(), value === 0 ? Uint8Array.of(field * 8, 0) : new ProtobufWriter().number(field, value).finish()]);
}

function encodeOperation(operation: Operation): Buffer {
  const writer = new ProtobufWriter();
  if (operation.type === "range") return writer.message(1, encodeRangeRequest(operation)).finish();
  const { key } = operation;
  if (operation.type === "put") return writer.message(2, new ProtobufWriter().text(1, key).bytes(2, operation.value).finish()).finish();
  return writer
    .message(
      3,
      new ProtobufWriter()
        .text(1, key)
        .text(2, operation.end ?? "")
        .finish(),
    )
    .finish();
}

/** The revision in a `ResponseHeader`. */
export function decodeHeaderRevision(bytes: Uint8Array): number {
  for (const { number, value } of protobufFields(bytes)) if (number === 3) return value;
  return 0;
}

/** A `mvccpb.KeyValue`; `prefix` is taken off the key. */
export function decodeKeyValue(bytes: Uint8Array, prefix: string): KeyValue {
  let key = "";
  let value = new Uint8Array(0);
  let createRevision = 0;
  let modRevision = 0;
  let version = 0;
  for (const field of protobufFields(bytes)) {
    if (field.number === 1) key = protobufText(field.bytes);
    else if (field.number === 2) createRevision = field.value;
    else if (field.number === 3) modRevision = field.value;
    else if (field.number === 4) version = field.value;
    // A copy of its own, plain bytes: a view would keep the whole response in memory for as long as one value is used.
    else if (field.number === 5) value = Uint8Array.from(field.bytes);
  }
  return { key: key.slice(prefix.length), value, createRevision, modRevision, version };
}

/** A `RangeResponse`. */
export function decodeRangeResponse(bytes: Uint8Array, prefix: string): RangeResponse {
  const kvs: KeyValue[] = [];
  let revision = 0;
  let more = false;
  let count = 0;
  for (const field of protobufFields(bytes)) {
    if (field.number === 1) revision = decodeHeaderRevision(field.bytes);
    else if (field.number === 2) kvs.push(decodeKeyValue(field.bytes, prefix));
    else if (field.number === 3) more = field.value !== 0;
    else if (field.number === 4) count = field.value;
  }
  return { revision, kvs, more, count };
}

/** A `TxnResponse`. */
export function decodeTxnResponse(bytes: Uint8Array, prefix: string): TxnResponse {
  const results: OperationResult[] = [];
  let revision = 0;
  let succeeded = false;
  for (const field of protobufFields(bytes)) {
    if (field.number === 1) revision = decodeHeaderRevision(field.bytes);
    else if (field.number === 2) succeeded = field.value !== 0;
    else if (field.number === 3) results.push(decodeResult(field.bytes, prefix));
  }
  return { succeeded, revision, results };
}

function decodeResult(bytes: Uint8Array, prefix: string): OperationResult {
  for (const field of protobufFields(bytes)) {
    if (field.number === 1) return { type: "range", ...decodeRangeResponse(field.bytes, prefix) };
    if (field.number === 2) return { type: "put" };
    if (field.number !== 3) continue;
    let deleted = 0;
    for (const { number, value } of protobufFields(field.bytes)) if (number === 2) deleted = value;
    return { type: "delete", deleted };
  }
  throw new RangeError("an operation of the transaction has no result");
}
