export { EtcdStore } from "./etcd-store.ts";
export { LmdbStore } from "./lmdb-store.ts";
export { MemoryStore } from "./memory-store.ts";
export {
  CompactedError,
  type Compare,
  CorruptRecordError,
  FutureRevisionError,
  type KeyValue,
  prefixEnd,
  type RangeRequest,
  type Store,
  StoreFormatError,
  StoreUnavailableError,
  type StoreWatch,
  type StoreWatchRequest,
  type TxnRequest,
  type TxnResponse,
  type WatchBatch,
} from "./store.ts";
