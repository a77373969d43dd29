import { type Clock, type Host, type Random, sleep } from "@skiff/base";
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
import { AddressPool } from "./address-pool.ts";
import { behaviourOf, inWindow, type SimulatedBehaviour } from "./behaviour.ts";
import { FaultPlan, type RuntimeOperation, type SimulatedFault } from "./fault.ts";
import type { SimulatedLogSink } from "./log-sink.ts";
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
  readonly #faults: FaultPlan;
  readonly #images: SimulatedImages;
  readonly #sandboxes = new Map<string, SimulatedSandbox>();
  readonly #containers = new Map<string, SimulatedContainer>();
  /** The names that containerd reserves, so that a second creation of the same attempt fails. */
  readonly #names = new Map<string, string>();
  readonly #configs = new Map<string, ContainerConfig>();
  readonly #addresses = new Map<string, { readonly pool: AddressPool; readonly offset: number }[]>();
  readonly #listeners = new Set<(event: ContainerEvent) => void>();
  #pools: readonly AddressPool[] = [];
  #podCidr = "";
  /** Aborted when the runtime goes away; each life has its own. */
  #life = new AbortController();

  constructor(host: Pick<Host, "clock" | "random">, options: SimulatedRuntimeOptions = {}) {
    this.#clock = host.clock;
    this.#random = host.random;
    this.#options = options;
    this.#faults = new FaultPlan(host.random, options.faults ?? []);
    this.#images = new SimulatedImages(options.images ?? [], options.pullDelayMs ?? 0);
    if (options.podCidr !== undefined) this.#setPodCidr(options.podCidr);
  }

  // ---- What a test does to the runtime -----------------------------------------------------------------------------

  /** Sets a fault; answers a function that takes it away. */
  inject(fault: SimulatedFault): () => void {
    return this.#faults.add(fault);
  }

  /**
   * The runtime goes away: calls under way and later ones fail with `UNAVAILABLE`, event streams break. Containers run
   * on; what ends meanwhile is seen in their status after {@link restart}, without an event.
   */
  crash(): void {
    this.#life.abort(new RuntimeError("UNAVAILABLE", "connection to the container runtime was lost"));
    this.#listeners.clear();
  }

  /** The runtime is back after {@link crash}. */
  restart(): void {
    if (this.#life.signal.aborted) this.#life = new AbortController();
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
    return this.#call("version", "", () => ({ runtimeName: "simulated", runtimeVersion: "1.0.0", runtimeApiVersion: "v1" }));
  }

  status(): Promise<RuntimeStatus> {
    return this.#call("status", "", () => {
      const networkReady = this.#pools.length > 0;
      const network = networkReady
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
    return this.#call("updatePodCidr", podCidr, () => this.#setPodCidr(podCidr));
  }

  runPodSandbox(config: PodSandboxConfig): Promise<string> {
    return this.#call("runPodSandbox", config.metadata.name, () => {
      const name = sandboxName(config.metadata);
      this.#requireFree("sandbox", name);
      const hostNetwork = config.linux.namespaceOptions.network === "NODE";
      const addresses = hostNetwork ? [] : this.#takeAddresses(config.metadata.name);
      const ips = addresses.map(({ address }) => address);
      const sandbox = new SimulatedSandbox(this.#newId(), config, ips, this.#nowNs());
      if (addresses.length > 0) this.#addresses.set(sandbox.id, addresses);
      this.#sandboxes.set(sandbox.id, sandbox);
      this.#names.set(name, sandbox.id);
      return sandbox.id;
    });
  }

  stopPodSandbox(sandboxId: string): Promise<void> {
    return this.#call("stopPodSandbox", this.#sandboxes.get(sandboxId)?.metadata.name ?? sandboxId, () => {
      const sandbox = this.#sandboxes.get(sandboxId);
      if (sandbox === undefined) return;
      for (const container of sandbox.containers) if (container.running) container.exit(KILLED);
      this.#releaseSandbox(sandbox);
    });
  }

  removePodSandbox(sandboxId: string): Promise<void> {
    return this.#call("removePodSandbox", this.#sandboxes.get(sandboxId)?.metadata.name ?? sandboxId, () => {
      const sandbox = this.#sandboxes.get(sandboxId);
      if (sandbox === undefined) return;
      for (const container of sandbox.containers.slice()) this.#remove(container);
      this.#releaseSandbox(sandbox);
      this.#sandboxes.delete(sandboxId);
      this.#names.delete(sandboxName(sandbox.metadata));
    });
  }

  podSandboxStatus(sandboxId: string): Promise<PodSandboxStatus | undefined> {
    return this.#call("podSandboxStatus", sandboxId, () => this.#sandboxes.get(sandboxId)?.status());
  }

  listPodSandboxes(
    filter: { readonly labels?: Readonly<Record<string, string>>; readonly state?: SandboxState } = {},
  ): Promise<readonly PodSandbox[]> {
    return this.#call("listPodSandboxes", "", () => {
      const found: PodSandbox[] = [];
      for (const sandbox of this.#sandboxes.values()) {
        if (filter.state !== undefined && sandbox.state !== filter.state) continue;
        if (hasLabels(sandbox.labels, filter.labels)) found.push(sandbox.summary());
      }
      return found;
    });
  }

  createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    return this.#call("createContainer", config.metadata.name, () => {
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
    return this.#call("startContainer", this.#subjectOf(containerId), () => {
      const container = this.#required(containerId);
      const { startDelayMs = 0 } = container.behaviour;
      return startDelayMs === 0 ? this.#start(container) : this.#sleep(startDelayMs).then(() => this.#start(container));
    });
  }

  stopContainer(containerId: string, timeoutSeconds: number): Promise<void> {
    return this.#call("stopContainer", this.#subjectOf(containerId), async () => {
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
    return this.#call("removeContainer", this.#subjectOf(containerId), () => {
      const container = this.#containers.get(containerId);
      if (container) this.#remove(container);
    });
  }

  listContainers(
    filter: { readonly sandboxId?: string; readonly labels?: Readonly<Record<string, string>> } = {},
  ): Promise<readonly Container[]> {
    return this.#call("listContainers", "", () => {
      const found: Container[] = [];
      const { sandboxId } = filter;
      const candidates = sandboxId === undefined ? this.#containers.values() : (this.#sandboxes.get(sandboxId)?.containers ?? []);
      for (const container of candidates) if (hasLabels(container.labels, filter.labels)) found.push(container.summary());
      return found;
    });
  }

  containerStatus(containerId: string): Promise<ContainerStatus | undefined> {
    return this.#call("containerStatus", this.#subjectOf(containerId), () => this.#containers.get(containerId)?.status());
  }

  updateContainerResources(containerId: string, _resources: LinuxContainerResources): Promise<void> {
    return this.#call("updateContainerResources", this.#subjectOf(containerId), () => {
      this.#required(containerId);
    });
  }

  reopenContainerLog(containerId: string): Promise<void> {
    return this.#call("reopenContainerLog", this.#subjectOf(containerId), () => {
      if (!this.#required(containerId).running) throw new RuntimeError("UNKNOWN", "container is not running");
    });
  }

  execSync(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult> {
    return this.#call("execSync", this.#subjectOf(containerId), async () => {
      const container = this.#required(containerId);
      if (!container.running) throw new RuntimeError("UNKNOWN", `container is in ${container.state} state`);
      const line = command.join(" ");
      const sinceStartMs = container.sinceStartMs;
      const answer = container.behaviour.exec?.find((each) => line.startsWith(each.command ?? "") && inWindow(each, sinceStartMs)) ?? {};
      const { stdout = "", stderr = "", exitCode = 0, delayMs = 0 } = answer;
      const timeoutMs = timeoutSeconds > 0 ? timeoutSeconds * 1000 : Number.POSITIVE_INFINITY;
      if (delayMs > 0) await this.#sleep(Math.min(delayMs, timeoutMs));
      if (delayMs >= timeoutMs) throw new RuntimeError("DEADLINE_EXCEEDED", `command timed out: timeout ${timeoutSeconds}s exceeded`);
      const encoder = new TextEncoder();
      return { stdout: encoder.encode(stdout), stderr: encoder.encode(stderr), exitCode };
    });
  }

  exec(_request: ExecRequest): Promise<string> {
    return this.#call("exec", "", () => unimplemented("exec"));
  }

  attach(_request: AttachRequest): Promise<string> {
    return this.#call("attach", "", () => unimplemented("attach"));
  }

  portForward(_sandboxId: string, _ports: readonly number[]): Promise<string> {
    return this.#call("portForward", "", () => unimplemented("port-forward"));
  }

  containerStats(containerId: string): Promise<ContainerStats | undefined> {
    return this.#call("containerStats", this.#subjectOf(containerId), () => this.#containers.get(containerId)?.stats());
  }

  listContainerStats(): Promise<readonly ContainerStats[]> {
    return this.#call("listContainerStats", "", () => {
      const found: ContainerStats[] = [];
      for (const container of this.#containers.values()) if (container.running) found.push(container.stats());
      return found;
    });
  }

  containerEvents(onEvent: (event: ContainerEvent) => void, signal: AbortSignal): Promise<void> {
    const life = this.#life.signal;
    if (life.aborted) return Promise.reject(life.reason as Error);
    if (signal.aborted) return Promise.resolve();
    // Each stream has its own entry, even when two share a callback.
    const listener = (event: ContainerEvent): void => onEvent(event);
    this.#listeners.add(listener);
    return new Promise((resolve, reject) => {
      const onLost = (): void => reject(life.reason as Error);
      life.addEventListener("abort", onLost, { once: true });
      signal.addEventListener(
        "abort",
        () => {
          this.#listeners.delete(listener);
          life.removeEventListener("abort", onLost);
          resolve();
        },
        { once: true },
      );
    });
  }

  listImages(): Promise<readonly Image[]> {
    return this.#call("listImages", "", () => this.#images.list());
  }

  imageStatus(reference: string): Promise<Image | undefined> {
    return this.#call("imageStatus", reference, () => this.#images.find(reference));
  }

  pullImage(reference: string, _auth: ImageAuth | undefined, _sandboxConfig: PodSandboxConfig | undefined): Promise<string> {
    return this.#call("pullImage", reference, () => {
      const delayMs = this.#images.pullDelayMs(reference);
      if (delayMs === 0) return this.#images.pull(reference).id;
      return this.#sleep(delayMs).then(() => this.#images.pull(reference).id);
    });
  }

  removeImage(reference: string): Promise<void> {
    return this.#call("removeImage", reference, () => this.#images.remove(reference));
  }

  imageFsInfo(): Promise<readonly FilesystemUsage[]> {
    return this.#call("imageFsInfo", "", () => {
      const images = this.#images.list();
      const usedBytes = images.reduce((sum, image) => sum + image.sizeBytes, 0);
      return [{ mountpoint: "/var/lib/simulated", usedBytes, inodesUsed: images.length }];
    });
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }

  // ---- Inside ------------------------------------------------------------------------------------------------------

  async #call<T>(operation: RuntimeOperation, subject: string, perform: () => T | Promise<T>): Promise<T> {
    this.#life.signal.throwIfAborted();
    const latencyMs = this.#options.latencyMs?.[operation];
    if (latencyMs !== undefined && latencyMs > 0) await this.#sleep(latencyMs);
    const effect = this.#faults.isEmpty ? undefined : this.#faults.strike(operation, subject);
    if (effect === undefined || effect.kind === "lose") return await perform();
    if (effect.kind === "delay") {
      await this.#sleep(effect.delayMs);
      return await perform();
    }
    if (effect.performed) await perform();
    if (effect.kind === "error") throw new RuntimeError(effect.code ?? "UNKNOWN", effect.message ?? `simulated failure of ${operation}`);
    await this.#sleep(effect.afterMs);
    throw new RuntimeError("DEADLINE_EXCEEDED", "context deadline exceeded");
  }

  /** Waits; rejects when the runtime goes away meanwhile. */
  #sleep(delayMs: number): Promise<void> {
    return sleep(this.#clock, delayMs, this.#life.signal);
  }

  #exitOrDeadline(container: SimulatedContainer, timeoutMs: number): Promise<void> {
    const life = this.#life.signal;
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
    if (this.#listeners.size === 0) return;
    if (!this.#faults.isEmpty && this.#faults.strike("event", container.metadata.name)?.kind === "lose") return;
    const podUid = this.#sandboxes.get(container.podSandboxId)?.metadata.uid ?? "";
    const event: ContainerEvent = { containerId: container.id, type, createdAtNs: this.#nowNs(), podUid };
    for (const listener of this.#listeners) listener(event);
  }

  #setPodCidr(podCidr: string): void {
    if (podCidr === this.#podCidr) return;
    this.#pools = podCidr === "" ? [] : podCidr.split(",").map((cidr) => new AddressPool(cidr));
    this.#podCidr = podCidr;
  }

  #takeAddresses(podName: string): { readonly pool: AddressPool; readonly offset: number; readonly address: string }[] {
    if (this.#pools.length === 0) {
      throw new RuntimeError("UNKNOWN", `failed to setup network for sandbox of "${podName}": no Pod network is set`);
    }
    return this.#pools.map((pool) => ({ pool, ...pool.take() }));
  }

  #releaseSandbox(sandbox: SimulatedSandbox): void {
    sandbox.state = "SANDBOX_NOTREADY";
    for (const { pool, offset } of this.#addresses.get(sandbox.id) ?? []) pool.release(offset);
    this.#addresses.delete(sandbox.id);
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
