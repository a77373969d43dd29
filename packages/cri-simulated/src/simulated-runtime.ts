import type { Clock, Host, Random } from "@skiff/base";
import {
  type AttachRequest,
  type Container,
  type ContainerConfig,
  type ContainerEvent,
  type ContainerRuntime,
  type ContainerStats,
  type ContainerStatus,
  type ExecRequest,
  type ExecResult,
  type FilesystemUsage,
  type Image,
  type ImageAuth,
  type LinuxContainerResources,
  type PodSandbox,
  type PodSandboxConfig,
  type PodSandboxStatus,
  RuntimeError,
  type RuntimeStatus,
  type RuntimeVersion,
  type SandboxState,
} from "@skiff/kubelet";
import { behaviourOf, inWindow, type SimulatedBehaviour } from "./behaviour.ts";
import { EventStreams } from "./event-streams.ts";
import type { RuntimeOperation, SimulatedFault } from "./fault.ts";
import type { SimulatedLogSink } from "./log-sink.ts";
import { PodAddresses } from "./pod-addresses.ts";
import { RuntimeCalls } from "./runtime-calls.ts";
import { answerConnect, answerHttp, type SimulatedHttpResponse } from "./simulated-network.ts";
import { SimulatedContainer } from "./simulated-container.ts";
import { SimulatedImages, type SimulatedImageRule } from "./simulated-images.ts";
import { SimulatedSandbox } from "./simulated-sandbox.ts";

/** What a {@link SimulatedRuntime} is made of. Everything has a default. */
export interface SimulatedRuntimeOptions {
  /** Addresses for Pods; ranges of two families are joined by a comma. Without it the network is not ready until `updatePodCidr`. */
  readonly podCidr?: string;
  /** The first rule that matches a container decides how it behaves. */
  readonly behaviours?: readonly SimulatedBehaviour[];
  /** Without rules every image is present. */
  readonly images?: readonly SimulatedImageRule[];
  /** How long a pull takes when no rule says so. Default 0. */
  readonly pullDelayMs?: number;
  /** How long calls take. Default 0 each. */
  readonly latencyMs?: Partial<Readonly<Record<RuntimeOperation, number>>>;
  readonly faults?: readonly SimulatedFault[];
  readonly logs?: SimulatedLogSink;
  /** Keeps the configuration of each container for {@link SimulatedRuntime.configOf}. Default false, for it costs memory. */
  readonly keepConfigs?: boolean;
}

/** The exit code of a killed process: 128 and the number of SIGKILL. */
const KILLED = 137;

/**
 * The container runtime port in memory: Pods get addresses, containers have states, and data says how they behave.
 *
 * Guarantees: the same options, seed and calls give the same ids, addresses, events and times. Without latency,
 * faults and timed behaviour no timer is set and every call ends within promise microtasks. Containers outlive
 * {@link crash}, as they outlive a crash of containerd.
 */
export class SimulatedRuntime implements ContainerRuntime {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: SimulatedRuntimeOptions;
  readonly #calls: RuntimeCalls;
  readonly #events = new EventStreams();
  readonly #addresses = new PodAddresses();
  readonly #images: SimulatedImages;
  readonly #sandboxes = new Map<string, SimulatedSandbox>();
  readonly #containers = new Map<string, SimulatedContainer>();
  /** The names that containerd reserves, so that a second creation of the same attempt fails. */
  readonly #names = new Map<string, string>();
  readonly #configs = new Map<string, ContainerConfig>();

  constructor(host: Pick<Host, "clock" | "random">, options: SimulatedRuntimeOptions = {}) {
    this.#clock = host.clock;
    this.#random = host.random;
    this.#options = options;
    this.#calls = new RuntimeCalls(host, options.latencyMs ?? {}, options.faults ?? []);
    this.#images = new SimulatedImages(options.images ?? [], options.pullDelayMs ?? 0);
    if (options.podCidr !== undefined) this.#addresses.setRange(options.podCidr);
  }

  // ---- What a test does to the runtime -----------------------------------------------------------------------------

  /** Sets a fault; answers a function that takes it away. */
  inject(fault: SimulatedFault): () => void {
    return this.#calls.inject(fault);
  }

  /**
   * The runtime goes away: calls under way and later ones fail with `UNAVAILABLE`, event streams break. Containers run
   * on; what ends meanwhile is seen in their status after {@link restart}, without an event.
   */
  crash(): void {
    this.#calls.crash();
    this.#events.clear();
  }

  /** The runtime is back after {@link crash}. */
  restart(): void {
    this.#calls.restart();
  }

  /** The machine went down and came up: every container was killed, no sandbox is ready. */
  reboot(): void {
    this.crash();
    for (const container of this.#containers.values()) if (container.running) container.exit(255, "Unknown");
    for (const sandbox of this.#sandboxes.values()) this.#releaseSandbox(sandbox);
    this.restart();
  }

  /** The process of a container ends from outside. Nothing happens when it does not run. */
  exitContainer(containerId: string, exitCode: number, reason?: string): void {
    const container = this.#containers.get(containerId);
    if (container?.running) container.exit(exitCode, reason);
  }

  /** The sandbox itself dies; its containers run on until they are stopped. */
  killSandbox(sandboxId: string): void {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox) sandbox.state = "SANDBOX_NOTREADY";
  }

  /** From now on the container uses these resources. */
  setUsage(containerId: string, usage: { readonly cpuMillicores?: number; readonly memoryWorkingSetBytes?: number }): void {
    this.#containers.get(containerId)?.setUsage(usage);
  }

  /** What all running containers together have used of the CPU since they started, and of memory now. */
  usage(): { readonly cpuUsageNs: number; readonly memoryWorkingSetBytes: number } {
    let cpuUsageNs = 0;
    let memoryWorkingSetBytes = 0;
    for (const container of this.#containers.values()) {
      if (!container.running) continue;
      const stats = container.stats();
      cpuUsageNs += stats.cpuUsageNs;
      memoryWorkingSetBytes += stats.memoryWorkingSetBytes;
    }
    return { cpuUsageNs, memoryWorkingSetBytes };
  }

  /** The configuration that a container was created with; only with `keepConfigs`. */
  configOf(containerId: string): ContainerConfig | undefined {
    return this.#configs.get(containerId);
  }

  /** What an HTTP request to a Pod's address is answered; `undefined` when the connection is refused. For probers and the simulated network. */
  http(ip: string, port: number, path: string): SimulatedHttpResponse | undefined {
    return answerHttp(this.#containersAt(ip), port, path);
  }

  /** Whether a connection to a Pod's address is accepted. */
  connect(ip: string, port: number): boolean {
    return answerConnect(this.#containersAt(ip), port);
  }

  // ---- The port ----------------------------------------------------------------------------------------------------

  version(): Promise<RuntimeVersion> {
    return this.#calls.call("version", "", () => ({ runtimeName: "simulated", runtimeVersion: "1.0.0", runtimeApiVersion: "v1" }));
  }

  status(): Promise<RuntimeStatus> {
    return this.#calls.call("status", "", () => {
      const network = this.#addresses.isReady
        ? { status: true, reason: "", message: "" }
        : { status: false, reason: "NetworkPluginNotReady", message: "Network plugin returns error: no Pod network is set" };
      return {
        conditions: [
          { type: "RuntimeReady", status: true, reason: "", message: "" },
          { type: "NetworkReady", ...network },
        ],
        runtimeHandlers: [""],
      };
    });
  }

  updatePodCidr(podCidr: string): Promise<void> {
    return this.#calls.call("updatePodCidr", podCidr, () => this.#addresses.setRange(podCidr));
  }

  runPodSandbox(config: PodSandboxConfig): Promise<string> {
    return this.#calls.call("runPodSandbox", config.metadata.name, () => {
      const name = sandboxName(config.metadata);
      this.#requireFree("sandbox", name);
      const hostNetwork = config.linux.namespaceOptions.network === "NODE";
      const id = this.#newId();
      const ips = hostNetwork ? [] : this.#addresses.take(id, config.metadata.name);
      const sandbox = new SimulatedSandbox(id, config, ips, this.#nowNs());
      this.#sandboxes.set(sandbox.id, sandbox);
      this.#names.set(name, sandbox.id);
      return sandbox.id;
    });
  }

  stopPodSandbox(sandboxId: string): Promise<void> {
    return this.#calls.call("stopPodSandbox", this.#sandboxes.get(sandboxId)?.metadata.name ?? sandboxId, () => {
      const sandbox = this.#sandboxes.get(sandboxId);
      if (sandbox === undefined) return;
      for (const container of sandbox.containers) if (container.running) container.exit(KILLED);
      this.#releaseSandbox(sandbox);
    });
  }

  removePodSandbox(sandboxId: string): Promise<void> {
    return this.#calls.call("removePodSandbox", this.#sandboxes.get(sandboxId)?.metadata.name ?? sandboxId, () => {
      const sandbox = this.#sandboxes.get(sandboxId);
      if (sandbox === undefined) return;
      for (const container of sandbox.containers.slice()) this.#remove(container);
      this.#releaseSandbox(sandbox);
      this.#sandboxes.delete(sandboxId);
      this.#names.delete(sandboxName(sandbox.metadata));
    });
  }

  podSandboxStatus(sandboxId: string): Promise<PodSandboxStatus | undefined> {
    return this.#calls.call("podSandboxStatus", sandboxId, () => this.#sandboxes.get(sandboxId)?.status());
  }

  listPodSandboxes(
    filter: { readonly labels?: Readonly<Record<string, string>>; readonly state?: SandboxState } = {},
  ): Promise<readonly PodSandbox[]> {
    return this.#calls.call("listPodSandboxes", "", () => {
      const found: PodSandbox[] = [];
      for (const sandbox of this.#sandboxes.values()) {
        if (filter.state !== undefined && sandbox.state !== filter.state) continue;
        if (hasLabels(sandbox.labels, filter.labels)) found.push(sandbox.summary());
      }
      return found;
    });
  }

  createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    return this.#calls.call("createContainer", config.metadata.name, () => {
      const sandbox = this.#sandboxes.get(sandboxId);
      if (sandbox === undefined) throw notFound("sandbox", sandboxId);
      if (sandbox.state !== "SANDBOX_READY") throw new RuntimeError("UNKNOWN", `sandbox "${sandboxId}" is not running`);
      const name = containerName(sandbox, config.metadata);
      this.#requireFree("container", name);
      const image = this.#images.find(config.image.image);
      if (image === undefined) throw notFound("image", config.image.image);
      const container = new SimulatedContainer({
        id: this.#newId(),
        podSandboxId: sandboxId,
        imageRef: image.id,
        logPath: config.logPath === "" ? "" : `${sandbox.logDirectory}/${config.logPath}`,
        config,
        behaviour: behaviourOf(this.#options.behaviours ?? [], config),
        clock: this.#clock,
        logs: this.#options.logs,
        onExit: (ended) => this.#emit(ended, "CONTAINER_STOPPED_EVENT"),
      });
      sandbox.containers.push(container);
      this.#containers.set(container.id, container);
      this.#names.set(name, container.id);
      if (this.#options.keepConfigs) this.#configs.set(container.id, config);
      this.#emit(container, "CONTAINER_CREATED_EVENT");
      return container.id;
    });
  }

  startContainer(containerId: string): Promise<void> {
    return this.#calls.call("startContainer", this.#subjectOf(containerId), () => {
      const container = this.#required(containerId);
      const { startDelayMs = 0 } = container.behaviour;
      return startDelayMs === 0 ? this.#start(container) : this.#calls.sleep(startDelayMs).then(() => this.#start(container));
    });
  }

  stopContainer(containerId: string, timeoutSeconds: number): Promise<void> {
    return this.#calls.call("stopContainer", this.#subjectOf(containerId), async () => {
      const container = this.#containers.get(containerId);
      if (!container?.running) return;
      if (timeoutSeconds > 0) {
        container.signalStop();
        if (container.running) await this.#exitOrDeadline(container, timeoutSeconds * 1000);
      }
      container.exit(KILLED);
    });
  }

  removeContainer(containerId: string): Promise<void> {
    return this.#calls.call("removeContainer", this.#subjectOf(containerId), () => {
      const container = this.#containers.get(containerId);
      if (container) this.#remove(container);
    });
  }

  listContainers(
    filter: { readonly sandboxId?: string; readonly labels?: Readonly<Record<string, string>> } = {},
  ): Promise<readonly Container[]> {
    return this.#calls.call("listContainers", "", () => {
      const found: Container[] = [];
      const { sandboxId } = filter;
      const candidates = sandboxId === undefined ? this.#containers.values() : (this.#sandboxes.get(sandboxId)?.containers ?? []);
      for (const container of candidates) if (hasLabels(container.labels, filter.labels)) found.push(container.summary());
      return found;
    });
  }

  containerStatus(containerId: string): Promise<ContainerStatus | undefined> {
    return this.#calls.call("containerStatus", this.#subjectOf(containerId), () => this.#containers.get(containerId)?.status());
  }

  updateContainerResources(containerId: string, _resources: LinuxContainerResources): Promise<void> {
    return this.#calls.call("updateContainerResources", this.#subjectOf(containerId), () => {
      this.#required(containerId);
    });
  }

  reopenContainerLog(containerId: string): Promise<void> {
    return this.#calls.call("reopenContainerLog", this.#subjectOf(containerId), () => {
      if (!this.#required(containerId).running) throw new RuntimeError("UNKNOWN", "container is not running");
    });
  }

  execSync(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult> {
    return this.#calls.call("execSync", this.#subjectOf(containerId), async () => {
      const container = this.#required(containerId);
      if (!container.running) throw new RuntimeError("UNKNOWN", `container is in ${container.state} state`);
      const line = command.join(" ");
      const sinceStartMs = container.sinceStartMs;
      const answer = container.behaviour.exec?.find((each) => line.startsWith(each.command ?? "") && inWindow(each, sinceStartMs)) ?? {};
      const { stdout = "", stderr = "", exitCode = 0, delayMs = 0 } = answer;
      const timeoutMs = timeoutSeconds > 0 ? timeoutSeconds * 1000 : Number.POSITIVE_INFINITY;
      if (delayMs > 0) await this.#calls.sleep(Math.min(delayMs, timeoutMs));
      if (delayMs >= timeoutMs) throw new RuntimeError("DEADLINE_EXCEEDED", `command timed out: timeout ${timeoutSeconds}s exceeded`);
      const encoder = new TextEncoder();
      return { stdout: encoder.encode(stdout), stderr: encoder.encode(stderr), exitCode };
    });
  }

  exec(_request: ExecRequest): Promise<string> {
    return this.#calls.call("exec", "", () => unimplemented("exec"));
  }

  attach(_request: AttachRequest): Promise<string> {
    return this.#calls.call("attach", "", () => unimplemented("attach"));
  }

  portForward(_sandboxId: string, _ports: readonly number[]): Promise<string> {
    return this.#calls.call("portForward", "", () => unimplemented("port-forward"));
  }

  containerStats(containerId: string): Promise<ContainerStats | undefined> {
    return this.#calls.call("containerStats", this.#subjectOf(containerId), () => this.#containers.get(containerId)?.stats());
  }

  listContainerStats(): Promise<readonly ContainerStats[]> {
    return this.#calls.call("listContainerStats", "", () => {
      const found: ContainerStats[] = [];
      for (const container of this.#containers.values()) if (container.running) found.push(container.stats());
      return found;
    });
  }

  containerEvents(onEvent: (event: ContainerEvent) => void, signal: AbortSignal): Promise<void> {
    return this.#events.follow(onEvent, signal, this.#calls.life);
  }

  listImages(): Promise<readonly Image[]> {
    return this.#calls.call("listImages", "", () => this.#images.list());
  }

  imageStatus(reference: string): Promise<Image | undefined> {
    return this.#calls.call("imageStatus", reference, () => this.#images.find(reference));
  }

  pullImage(reference: string, _auth: ImageAuth | undefined, _sandboxConfig: PodSandboxConfig | undefined): Promise<string> {
    return this.#calls.call("pullImage", reference, () => {
      const delayMs = this.#images.pullDelayMs(reference);
      if (delayMs === 0) return this.#images.pull(reference).id;
      return this.#calls.sleep(delayMs).then(() => this.#images.pull(reference).id);
    });
  }

  removeImage(reference: string): Promise<void> {
    return this.#calls.call("removeImage", reference, () => this.#images.remove(reference));
  }

  imageFsInfo(): Promise<readonly FilesystemUsage[]> {
    return this.#calls.call("imageFsInfo", "", () => {
      const images = this.#images.list();
      const usedBytes = images.reduce((sum, image) => sum + image.sizeBytes, 0);
      return [{ mountpoint: "/var/lib/simulated", usedBytes, inodesUsed: images.length }];
    });
  }

  close(): Promise<void> {
    this.#events.clear();
    return Promise.resolve();
  }

  // ---- Inside ------------------------------------------------------------------------------------------------------

  #exitOrDeadline(container: SimulatedContainer, timeoutMs: number): Promise<void> {
    const { life } = this.#calls;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => settle(resolve), timeoutMs);
      const onLost = (): void => settle(() => reject(life.reason as Error));
      const settle = (then: () => void): void => {
        timer.cancel();
        life.removeEventListener("abort", onLost);
        then();
      };
      life.addEventListener("abort", onLost, { once: true });
      container.onceExited(() => settle(resolve));
    });
  }

  #start(container: SimulatedContainer): void {
    if (container.state !== "CONTAINER_CREATED" || !this.#containers.has(container.id)) {
      throw new RuntimeError("UNKNOWN", `container is in ${container.state} state`);
    }
    const sandbox = this.#sandboxes.get(container.podSandboxId);
    if (sandbox?.state !== "SANDBOX_READY") {
      throw new RuntimeError("UNKNOWN", `sandbox container "${container.podSandboxId}" is not running`);
    }
    const { startError } = container.behaviour;
    if (startError !== undefined) {
      container.exit(128, "StartError", startError);
      throw new RuntimeError("UNKNOWN", startError);
    }
    container.start();
    this.#emit(container, "CONTAINER_STARTED_EVENT");
  }

  #remove(container: SimulatedContainer): void {
    if (!this.#containers.delete(container.id)) return;
    if (container.running) container.exit(KILLED);
    this.#configs.delete(container.id);
    const sandbox = this.#sandboxes.get(container.podSandboxId);
    if (sandbox) {
      const index = sandbox.containers.indexOf(container);
      if (index >= 0) sandbox.containers.splice(index, 1);
      this.#names.delete(containerName(sandbox, container.metadata));
    }
    this.#emit(container, "CONTAINER_DELETED_EVENT");
  }

  #emit(container: SimulatedContainer, type: ContainerEvent["type"]): void {
    if (this.#events.isEmpty || this.#calls.losesEvent(container.metadata.name)) return;
    const podUid = this.#sandboxes.get(container.podSandboxId)?.metadata.uid ?? "";
    this.#events.emit({ containerId: container.id, type, createdAtNs: this.#nowNs(), podUid });
  }

  #releaseSandbox(sandbox: SimulatedSandbox): void {
    sandbox.state = "SANDBOX_NOTREADY";
    this.#addresses.release(sandbox.id);
  }

  #containersAt(ip: string): readonly SimulatedContainer[] {
    const ready = [...this.#sandboxes.values()].filter((sandbox) => sandbox.state === "SANDBOX_READY");
    const owner = ready.find((sandbox) => sandbox.ips.includes(ip));
    // An address that no Pod has is taken as the node's own, where the Pods on the host's network answer.
    const sandboxes = owner ? [owner] : ready.filter((sandbox) => sandbox.hostNetwork);
    return sandboxes.flatMap((sandbox) => sandbox.containers);
  }

  #required(containerId: string): SimulatedContainer {
    const container = this.#containers.get(containerId);
    if (container === undefined) throw notFound("container", containerId);
    return container;
  }

  #subjectOf(containerId: string): string {
    return this.#containers.get(containerId)?.metadata.name ?? containerId;
  }

  #requireFree(kind: string, name: string): void {
    const holder = this.#names.get(name);
    if (holder === undefined) return;
    throw new RuntimeError("UNKNOWN", `failed to reserve ${kind} name "${name}": name "${name}" is reserved for "${holder}"`);
  }

  #newId(): string {
    return Buffer.from(this.#random.bytes(32)).toString("hex");
  }

  #nowNs(): number {
    return this.#clock.now() * 1e6;
  }
}

function sandboxName(metadata: PodSandboxConfig["metadata"]): string {
  return `${metadata.name}_${metadata.namespace}_${metadata.uid}_${metadata.attempt}`;
}

function containerName(sandbox: SimulatedSandbox, metadata: ContainerConfig["metadata"]): string {
  return `${metadata.name}_${sandbox.id}_${metadata.attempt}`;
}

function hasLabels(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>> | undefined): boolean {
  for (const key in wanted) if (labels[key] !== wanted[key]) return false;
  return true;
}

function notFound(kind: string, id: string): RuntimeError {
  return new RuntimeError("NOT_FOUND", `an error occurred when try to find ${kind} "${id}": not found`);
}

function unimplemented(what: string): never {
  throw new RuntimeError("UNIMPLEMENTED", `${what} needs a real container runtime`);
}
