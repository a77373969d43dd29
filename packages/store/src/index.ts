export type { EtcdTls } from "./etcd-connection.ts";
export { EtcdStore, type EtcdStoreOptions } from "./etcd-store.ts";
export { LmdbStore } from "./lmdb-store.ts";
export { MemoryStore } from "./memory-store.ts";
export * from "./store.ts";
