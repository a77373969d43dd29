export { MemoryApi } from "./testing/memory-api.ts";
export { serveTransport, type ServedTransport } from "./testing/serve-transport.ts";
export { transportContract, type TransportUnderTest } from "./testing/transport-contract.ts";
export { TappedTransport } from "./testing/tapped-transport.ts";
