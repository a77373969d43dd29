export { MemoryApi } from "./testing/memory-api.ts";
export { TappedTransport } from "./testing/tapped-transport.ts";
