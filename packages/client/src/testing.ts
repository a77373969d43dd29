export { MemoryApi } from "./testing/memory-api.ts";
