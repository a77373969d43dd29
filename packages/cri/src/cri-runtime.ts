import type {
  AttachRequest,
  Container,
  ContainerConfig,
  ContainerEvent,
  ContainerRuntime,
  ContainerStats,
  ContainerStatus,
  ExecRequest,
  ExecResult,
  FilesystemUsage,
  Image,
  ImageAuth,
  LinuxContainerResources,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxStatus,
  RuntimeStatus,
  RuntimeVersion,
  SandboxState,
} from "@skiff/kubelet";
import { RuntimeError } from "@skiff/kubelet";
import {
  decodeContainer,
  decodeContainerStats,
  decodeContainerStatus,
  decodeFilesystemUsage,
  decodeImage,
  decodePodSandbox,
  decodePodSandboxStatus,
  required,
} from "./cri-decoding.ts";
import { encodeContainerConfig, encodePodSandboxConfig, encodeResources } from "./cri-encoding.ts";
import type { GrpcChannel } from "./grpc-channel.ts";
import type { Encodable } from "./protocol/protobuf.ts";
import { CALLS, type CallType } from "./protocol/runtime-v1.ts";

/** How a {@link CriRuntime} behaves. */
interface CriRuntimeOptions {
  /** How long a call may take before it fails with `DEADLINE_EXCEEDED`. Default two minutes, as the kubelet's `runtimeRequestTimeout`. */
  readonly timeoutMs?: number;
}

/** Sandboxes of more containers than this are not remembered; they are looked up again when needed. */
const SANDBOX_CACHE_MAX = 16_384;

/**
 * The container runtime port over CRI v1.
 *
 * Guarantees: it holds no state but a cache of what cannot change, so that a restart of either side loses nothing;
 * after a restart of the runtime the next call connects again. A sandbox or container that is not there is
 * `undefined` where the port says so.
 */
export class CriRuntime implements ContainerRuntime {
  readonly #channel: GrpcChannel;
  readonly #timeoutMs: number;
  /** The sandbox of each container that was seen: CRI's container status does not name it. */
  readonly #sandboxOf = new Map<string, string>();

  constructor(channel: GrpcChannel, options: CriRuntimeOptions = {}) {
    this.#channel = channel;
    this.#timeoutMs = options.timeoutMs ?? 120_000;
  }

  async version(): Promise<RuntimeVersion> {
    const { runtimeName, runtimeVersion, runtimeApiVersion } = await this.#call(CALLS.version, { version: "v1" });
    return { runtimeName, runtimeVersion, runtimeApiVersion };
  }

  async status(): Promise<RuntimeStatus> {
    const { status, runtimeHandlers } = await this.#call(CALLS.status, {});
    return { conditions: required(status, "its status").conditions, runtimeHandlers: runtimeHandlers.map(({ name }) => name) };
  }

  async updatePodCidr(podCidr: string): Promise<void> {
    await this.#call(CALLS.updateRuntimeConfig, { runtimeConfig: { networkConfig: { podCidr } } });
  }

  async runPodSandbox(config: PodSandboxConfig, runtimeHandler = ""): Promise<string> {
    // Twice the time, as the kubelet gives it: the network plug-ins may be slow, and giving up halfway leaves a sandbox behind.
    const answer = await this.#call(
      CALLS.runPodSandbox,
      { config: encodePodSandboxConfig(config), runtimeHandler },
      { timeoutMs: 2 * this.#timeoutMs },
    );
    return answer.podSandboxId;
  }

  async stopPodSandbox(sandboxId: string): Promise<void> {
    await this.#unlessGone(this.#call(CALLS.stopPodSandbox, { podSandboxId: sandboxId }));
  }

  async removePodSandbox(sandboxId: string): Promise<void> {
    await this.#unlessGone(this.#call(CALLS.removePodSandbox, { podSandboxId: sandboxId }));
  }

  async podSandboxStatus(sandboxId: string): Promise<PodSandboxStatus | undefined> {
    const answer = await this.#unlessGone(this.#call(CALLS.podSandboxStatus, { podSandboxId: sandboxId }));
    return answer && decodePodSandboxStatus(required(answer.status, "the status of a sandbox"));
  }

  async listPodSandboxes(
    filter: { readonly labels?: Readonly<Record<string, string>>; readonly state?: SandboxState } = {},
  ): Promise<readonly PodSandbox[]> {
    const { labels, state } = filter;
    const answer = await this.#call(CALLS.listPodSandbox, { filter: { labelSelector: labels, state: state && { state } } });
    return answer.items.map(decodePodSandbox);
  }

  async createContainer(sandboxId: string, config: ContainerConfig, sandboxConfig: PodSandboxConfig): Promise<string> {
    const { containerId } = await this.#call(CALLS.createContainer, {
      podSandboxId: sandboxId,
      config: encodeContainerConfig(config),
      sandboxConfig: encodePodSandboxConfig(sandboxConfig),
    });
    this.#remember(containerId, sandboxId);
    return containerId;
  }

  async startContainer(containerId: string): Promise<void> {
    await this.#call(CALLS.startContainer, { containerId });
  }

  async stopContainer(containerId: string, timeoutSeconds: number): Promise<void> {
    const timeoutMs = this.#timeoutMs + timeoutSeconds * 1000;
    await this.#unlessGone(this.#call(CALLS.stopContainer, { containerId, timeout: Math.ceil(timeoutSeconds) }, { timeoutMs }));
  }

  async removeContainer(containerId: string): Promise<void> {
    await this.#unlessGone(this.#call(CALLS.removeContainer, { containerId }));
    this.#sandboxOf.delete(containerId);
  }

  async listContainers(
    filter: { readonly sandboxId?: string; readonly labels?: Readonly<Record<string, string>> } = {},
  ): Promise<readonly Container[]> {
    return this.#list({ podSandboxId: filter.sandboxId, labelSelector: filter.labels });
  }

  async containerStatus(containerId: string): Promise<ContainerStatus | undefined> {
    const answer = await this.#unlessGone(this.#call(CALLS.containerStatus, { containerId }));
    if (answer === undefined) return undefined;
    const sandboxId = this.#sandboxOf.get(containerId) ?? (await this.#list({ id: containerId }))[0]?.podSandboxId;
    // Removed between the two calls.
    if (sandboxId === undefined) return undefined;
    return decodeContainerStatus(required(answer.status, "the status of a container"), sandboxId);
  }

  async updateContainerResources(containerId: string, resources: LinuxContainerResources): Promise<void> {
    await this.#call(CALLS.updateContainerResources, { containerId, linux: encodeResources(resources) });
  }

  async reopenContainerLog(containerId: string): Promise<void> {
    await this.#call(CALLS.reopenContainerLog, { containerId });
  }

  async execSync(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult> {
    // The runtime ends the command at its own deadline; ours is later, and there is none when the command has none.
    const timeoutMs = timeoutSeconds > 0 ? this.#timeoutMs + timeoutSeconds * 1000 : "none";
    return this.#call(CALLS.execSync, { containerId, cmd: command, timeout: Math.ceil(timeoutSeconds) }, { timeoutMs });
  }

  async exec(request: ExecRequest): Promise<string> {
    const { containerId, command, stdin, stdout, stderr, tty } = request;
    return (await this.#call(CALLS.exec, { containerId, cmd: command, stdin, stdout, stderr, tty })).url;
  }

  async attach(request: AttachRequest): Promise<string> {
    const { containerId, stdin, stdout, stderr, tty } = request;
    return (await this.#call(CALLS.attach, { containerId, stdin, stdout, stderr, tty })).url;
  }

  async portForward(sandboxId: string, ports: readonly number[]): Promise<string> {
    return (await this.#call(CALLS.portForward, { podSandboxId: sandboxId, port: ports })).url;
  }

  async containerStats(containerId: string): Promise<ContainerStats | undefined> {
    const answer = await this.#unlessGone(this.#call(CALLS.containerStats, { containerId }));
    return answer?.stats && decodeContainerStats(answer.stats);
  }

  async listContainerStats(): Promise<readonly ContainerStats[]> {
    return (await this.#call(CALLS.listContainerStats, {})).stats.map(decodeContainerStats);
  }

  containerEvents(onEvent: (event: ContainerEvent) => void, signal: AbortSignal): Promise<void> {
    return this.#channel.stream(
      CALLS.getContainerEvents,
      {},
      ({ containerId, type, createdAt, podSandboxStatus }) =>
        onEvent({ containerId, type, createdAtNs: createdAt, podUid: podSandboxStatus?.metadata?.uid ?? "" }),
      signal,
    );
  }

  async listImages(): Promise<readonly Image[]> {
    return (await this.#call(CALLS.listImages, {})).images.map(decodeImage);
  }

  async imageStatus(reference: string): Promise<Image | undefined> {
    const { image } = await this.#call(CALLS.imageStatus, { image: { image: reference } });
    return image && decodeImage(image);
  }

  async pullImage(reference: string, auth: ImageAuth | undefined, sandboxConfig: PodSandboxConfig | undefined): Promise<string> {
    const request = { image: { image: reference }, auth, sandboxConfig: sandboxConfig && encodePodSandboxConfig(sandboxConfig) };
    // A pull takes as long as it makes progress; the runtime itself ends one that does not.
    return (await this.#call(CALLS.pullImage, request, { timeoutMs: "none" })).imageRef;
  }

  async removeImage(reference: string): Promise<void> {
    await this.#unlessGone(this.#call(CALLS.removeImage, { image: { image: reference } }));
  }

  async imageFsInfo(): Promise<readonly FilesystemUsage[]> {
    return (await this.#call(CALLS.imageFsInfo, {})).imageFilesystems.map(decodeFilesystemUsage);
  }

  close(): Promise<void> {
    this.#channel.close();
    return Promise.resolve();
  }

  #call<Request, Response>(
    type: CallType<Request, Response>,
    request: Encodable<Request>,
    options: { readonly timeoutMs: number | "none" } = { timeoutMs: this.#timeoutMs },
  ): Promise<Response> {
    return this.#channel.call(type, request, options.timeoutMs === "none" ? undefined : options.timeoutMs);
  }

  /** What is gone already is what the caller wanted, or is `undefined`. */
  async #unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof RuntimeError && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  }

  async #list(filter: {
    readonly id?: string;
    readonly podSandboxId?: string | undefined;
    readonly labelSelector?: Readonly<Record<string, string>> | undefined;
  }): Promise<readonly Container[]> {
    const { containers } = await this.#call(CALLS.listContainers, { filter });
    for (const { id, podSandboxId } of containers) this.#remember(id, podSandboxId);
    return containers.map(decodeContainer);
  }

  #remember(containerId: string, sandboxId: string): void {
    if (this.#sandboxOf.size >= SANDBOX_CACHE_MAX) this.#sandboxOf.clear();
    this.#sandboxOf.set(containerId, sandboxId);
  }
}
