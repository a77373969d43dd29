/** The messages of etcd's `etcdserverpb.Watch` service, as far as the store port uses them. */
import { protobufFields, protobufText, ProtobufWriter } from "@skiff/base";
import { decodeHeaderRevision, decodeKeyValue } from "./etcd-kv-messages.ts";
import type { KeyValue, StoreEvent } from "./store.ts";

/** What a watch is to deliver. */
interface WatchCreateRequest {
  readonly key: string;
  readonly end?: string | undefined;
  readonly startRevision: number;
  readonly previous: boolean;
}

/** A `WatchResponse`. */
export interface WatchResponse {
  /** The revision of the server. With events it may be past them; without, everything up to it has been delivered. */
  readonly revision: number;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Not 0: the watch asked for revisions that were compacted away, and this is the oldest one left. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  /** More responses follow that belong to this one; a revision may be split between them. */
  readonly fragment: boolean;
  readonly events: readonly StoreEvent[];
}

/** A `WatchRequest` that creates a watch. Large revisions may come in fragments; signs of life are asked for. */
export function encodeWatchCreate({ key, end, startRevision, previous }: WatchCreateRequest): Buffer {
  const create = new ProtobufWriter()
    .text(1, key)
    .text(2, end ?? "")
    .number(3, startRevision)
    .flag(4, true)
    .flag(6, previous)
    .flag(8, true)
    .finish();
  return new ProtobufWriter().message(1, create).finish();
}

/** A `WatchRequest` that asks for progress. */
export function encodeWatchProgress(): Buffer {
  return new ProtobufWriter().message(3, new Uint8Array(0)).finish();
}

/** Reads a `WatchResponse`; `prefix` is taken off the keys. */
export function decodeWatchResponse(bytes: Uint8Array, prefix: string): WatchResponse {
  const events: StoreEvent[] = [];
  let revision = 0;
  let compactRevision = 0;
  let cancelReason = "";
  const flags = { created: false, canceled: false, fragment: false };
  for (const field of protobufFields(bytes)) {
    if (field.number === 1) revision = decodeHeaderRevision(field.bytes);
    else if (field.number === 3) flags.created = field.value !== 0;
    else if (field.number === 4) flags.canceled = field.value !== 0;
    else if (field.number === 5) compactRevision = field.value;
    else if (field.number === 6) cancelReason = protobufText(field.bytes);
    else if (field.number === 7) flags.fragment = field.value !== 0;
    else if (field.number === 11) events.push(decodeEvent(field.bytes, prefix));
  }
  return { revision, compactRevision, cancelReason, ...flags, events };
}

function decodeEvent(bytes: Uint8Array, prefix: string): StoreEvent {
  let type: StoreEvent["type"] = "put";
  let kv: KeyValue | undefined;
  let previous: KeyValue | undefined;
  for (const field of protobufFields(bytes)) {
    if (field.number === 1) type = field.value === 1 ? "delete" : "put";
    else if (field.number === 2) kv = decodeKeyValue(field.bytes, prefix);
    else if (field.number === 3) previous = decodeKeyValue(field.bytes, prefix);
  }
  if (kv === undefined) throw new RangeError("an event has no key");
  return previous === undefined ? { type, kv } : { type, kv, previous };
}
