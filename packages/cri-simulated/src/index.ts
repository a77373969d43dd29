export type {
  BehaviourMatch,
  SimulatedBehaviour,
  SimulatedExecAnswer,
  SimulatedHttpAnswer,
  SimulatedListener,
  SimulatedLogLine,
  TimeWindow,
} from "./behaviour.ts";
export type { FaultEffect, RuntimeOperation, SimulatedFault } from "./fault.ts";
export { type AppendableFiles, FileLogSink } from "./file-log-sink.ts";
export { criLogLine, MemoryLogSink, type SimulatedLogEntry, type SimulatedLogSink } from "./log-sink.ts";
export type { SimulatedImageRule } from "./simulated-images.ts";
export type { SimulatedHttpResponse } from "./simulated-network.ts";
export { SimulatedProbeTransport } from "./simulated-probe-transport.ts";
export { SimulatedRuntime, type SimulatedRuntimeOptions } from "./simulated-runtime.ts";
