export { LmdbStore } from "./lmdb-store.ts";
export { MemoryStore } from "./memory-store.ts";
export * from "./store.ts";
