export { MemoryLogSink } from "./log-sink.ts";
export { SimulatedProbeTransport } from "./simulated-probe-transport.ts";
export { SimulatedRuntime, type SimulatedRuntimeOptions } from "./simulated-runtime.ts";
