import type { Clock, Timer } from "@skiff/base";
import type { Container, ContainerConfig, ContainerState, ContainerStats, ContainerStatus } from "@skiff/kubelet";
import type { SimulatedBehaviour } from "./behaviour.ts";
import type { SimulatedLogSink } from "./log-sink.ts";

/** What a simulated container is made from. The configuration itself is not kept: labels and annotations are. */
interface SimulatedContainerOptions {
  readonly id: string;
  readonly podSandboxId: string;
  readonly imageRef: string;
  readonly logPath: string;
  readonly config: ContainerConfig;
  readonly behaviour: SimulatedBehaviour;
  readonly clock: Clock;
  readonly logs: SimulatedLogSink | undefined;
  /** Called once, when the container has ended. */
  readonly onExit: (container: SimulatedContainer) => void;
}

/** One container: its state, and the timers that its behaviour sets. */
export class SimulatedContainer {
  readonly id: string;
  readonly podSandboxId: string;
  readonly metadata: ContainerConfig["metadata"];
  readonly image: string;
  readonly imageRef: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly behaviour: SimulatedBehaviour;
  readonly createdAtNs: number;
  readonly #logPath: string;
  readonly #clock: Clock;
  readonly #logs: SimulatedLogSink | undefined;
  readonly #onExit: (container: SimulatedContainer) => void;
  #state: ContainerState = "CONTAINER_CREATED";
  #startedAtNs = 0;
  #finishedAtNs = 0;
  #exitCode = 0;
  #reason = "";
  #message = "";
  #timers: Set<Timer> | undefined;
  #waiters: (() => void)[] | undefined;
  #usage: ResourceUsage | undefined;

  constructor(options: SimulatedContainerOptions) {
    const { config } = options;
    this.id = options.id;
    this.podSandboxId = options.podSandboxId;
    this.metadata = config.metadata;
    this.image = config.image.userSpecifiedImage || config.image.image;
    this.imageRef = options.imageRef;
    this.labels = config.labels;
    this.annotations = config.annotations;
    this.behaviour = options.behaviour;
    this.#logPath = options.logPath;
    this.#clock = options.clock;
    this.#logs = options.logs;
    this.#onExit = options.onExit;
    this.createdAtNs = this.#nowNs();
  }

  get state(): ContainerState {
    return this.#state;
  }

  get running(): boolean {
    return this.#state === "CONTAINER_RUNNING";
  }

  /** Milliseconds since the start; 0 before it. */
  get sinceStartMs(): number {
    return this.#startedAtNs === 0 ? 0 : this.#clock.now() - this.#startedAtNs / 1e6;
  }

  start(): void {
    this.#state = "CONTAINER_RUNNING";
    this.#startedAtNs = this.#nowNs();
    const { exitAfterMs, exitCode = 0, exitReason, logs = [] } = this.behaviour;
    for (const line of logs) this.#schedule(() => this.#writeLine(line), line.afterMs ?? 0);
    if (exitAfterMs !== undefined) this.#schedule(() => this.exit(exitCode, exitReason), exitAfterMs);
  }

  /** The stop signal: the container ends when its behaviour says so, or not at all. */
  signalStop(): void {
    const { ignoresStopSignal, stopDelayMs = 0, stopExitCode = 143 } = this.behaviour;
    if (ignoresStopSignal) return;
    if (stopDelayMs === 0) this.exit(stopExitCode);
    else this.#schedule(() => this.exit(stopExitCode), stopDelayMs);
  }

  /** Ends the container if it has not ended; one that was never started ends with this code too. */
  exit(exitCode: number, reason?: string, message = ""): void {
    if (this.#state === "CONTAINER_EXITED") return;
    this.#integrateUsage();
    this.#state = "CONTAINER_EXITED";
    this.#finishedAtNs = this.#nowNs();
    this.#exitCode = exitCode;
    this.#reason = reason ?? (exitCode === 0 ? "Completed" : "Error");
    this.#message = message;
    for (const timer of this.#timers ?? []) timer.cancel();
    this.#timers = undefined;
    const waiters = this.#waiters ?? [];
    this.#waiters = undefined;
    this.#onExit(this);
    for (const waiter of waiters) waiter();
  }

  /** Calls back once the container has ended. */
  onceExited(callback: () => void): void {
    if (this.#state === "CONTAINER_EXITED") callback();
    else (this.#waiters ??= []).push(callback);
  }

  setUsage(change: { readonly cpuMillicores?: number; readonly memoryWorkingSetBytes?: number }): void {
    const usage = this.#integrateUsage();
    this.#usage = { ...usage, ...change };
  }

  summary(): Container {
    const { id, podSandboxId, metadata, image, imageRef, createdAtNs, labels, annotations } = this;
    return { id, podSandboxId, metadata, image, imageRef, state: this.#state, createdAtNs, labels, annotations };
  }

  status(): ContainerStatus {
    return {
      ...this.summary(),
      startedAtNs: this.#startedAtNs,
      finishedAtNs: this.#finishedAtNs,
      exitCode: this.#exitCode,
      reason: this.#reason,
      message: this.#message,
      logPath: this.#logPath,
    };
  }

  stats(): ContainerStats {
    const usage = this.#integrateUsage();
    return {
      containerId: this.id,
      labels: this.labels,
      timestampNs: this.#nowNs(),
      cpuUsageNs: usage.cpuUsageNs,
      memoryWorkingSetBytes: usage.memoryWorkingSetBytes,
      writableLayerBytes: this.behaviour.writableLayerBytes ?? 0,
    };
  }

  #integrateUsage(): ResourceUsage {
    const { cpuMillicores = 0, memoryWorkingSetBytes = 0 } = this.behaviour;
    const before = this.#usage ?? { cpuMillicores, memoryWorkingSetBytes, cpuUsageNs: 0, untilNs: this.#startedAtNs };
    if (!this.running) return before;
    const nowNs = this.#nowNs();
    const cpuUsageNs = before.cpuUsageNs + ((nowNs - before.untilNs) * before.cpuMillicores) / 1000;
    this.#usage = { ...before, cpuUsageNs, untilNs: nowNs };
    return this.#usage;
  }

  #writeLine(line: NonNullable<SimulatedBehaviour["logs"]>[number]): void {
    this.#logs?.write(this.#logPath, { timestampNs: this.#nowNs(), stream: line.stream ?? "stdout", text: line.text });
    if (line.everyMs !== undefined) this.#schedule(() => this.#writeLine(line), Math.max(1, line.everyMs));
  }

  #schedule(callback: () => void, delayMs: number): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers?.delete(timer);
      callback();
    }, delayMs);
    (this.#timers ??= new Set()).add(timer);
  }

  #nowNs(): number {
    return this.#clock.now() * 1e6;
  }
}

interface ResourceUsage {
  readonly cpuMillicores: number;
  readonly memoryWorkingSetBytes: number;
  readonly cpuUsageNs: number;
  /** Up to when CPU time has been added up. */
  readonly untilNs: number;
}
