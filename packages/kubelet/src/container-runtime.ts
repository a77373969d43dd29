/**
 * The container runtime port: CRI v1 (`runtime.v1.RuntimeService` and `ImageService`) with its names, in the shape that
 * TypeScript reads best. 64-bit times are numbers of nanoseconds since the epoch, rounded to what a double holds.
 */
export interface ContainerRuntime {
  version(): Promise<RuntimeVersion>;
  status(): Promise<RuntimeStatus>;
  /** Tells the runtime the Pod network of this node. */
  updatePodCidr(podCidr: string): Promise<void>;

  runPodSandbox(config: PodSandboxConfig, runtimeHandler?: string): Promise<string>;
  /** Idempotent; releases the network and ends every container of the sandbox. */
  stopPodSandbox(sandboxId: string): Promise<void>;
  /** Idempotent. */
  removePodSandbox(sandboxId: string): Promise<void>;
  podSandboxStatus(sandboxId: string): Promise<PodSandboxStatus | undefined>;
  listPodSandboxes(filter?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly state?: SandboxState;
  }): Promise<readonly PodSandbox[]>;

  createContainer(sandboxId: string, config: ContainerConfig, sandboxConfig: PodSandboxConfig): Promise<string>;
  startContainer(containerId: string): Promise<void>;
  /** Sends the stop signal, waits `timeoutSeconds`, then kills. Idempotent. */
  stopContainer(containerId: string, timeoutSeconds: number): Promise<void>;
  removeContainer(containerId: string): Promise<void>;
  listContainers(filter?: {
    readonly sandboxId?: string;
    readonly labels?: Readonly<Record<string, string>>;
  }): Promise<readonly Container[]>;
  containerStatus(containerId: string): Promise<ContainerStatus | undefined>;
  updateContainerResources(containerId: string, resources: LinuxContainerResources): Promise<void>;
  reopenContainerLog(containerId: string): Promise<void>;

  /** Runs a command to its end. Rejects when it could not be started or `timeoutSeconds` passed. */
  execSync(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  /** The address of the runtime's streaming server for one session. */
  exec(request: ExecRequest): Promise<string>;
  attach(request: AttachRequest): Promise<string>;
  portForward(sandboxId: string, ports: readonly number[]): Promise<string>;

  containerStats(containerId: string): Promise<ContainerStats | undefined>;
  listContainerStats(): Promise<readonly ContainerStats[]>;
  /** Calls back for each event until the signal is aborted; resolves then. Rejects when the connection broke, or when the runtime knows no events. */
  containerEvents(onEvent: (event: ContainerEvent) => void, signal: AbortSignal): Promise<void>;

  listImages(): Promise<readonly Image[]>;
  imageStatus(reference: string): Promise<Image | undefined>;
  /** Answers the image's id. Rejects with a {@link RuntimeError}. */
  pullImage(reference: string, auth: ImageAuth | undefined, sandboxConfig: PodSandboxConfig | undefined): Promise<string>;
  removeImage(reference: string): Promise<void>;
  imageFsInfo(): Promise<readonly FilesystemUsage[]>;

  /** Closes the connection. Containers run on. */
  close(): Promise<void>;
}

/** What the runtime refused or failed to do; `code` is the gRPC status name. */
export class RuntimeError extends Error {
  override readonly name = "RuntimeError";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface RuntimeVersion {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly runtimeApiVersion: string;
}

interface RuntimeCondition {
  /** `RuntimeReady` or `NetworkReady`. */
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

export interface RuntimeStatus {
  readonly conditions: readonly RuntimeCondition[];
  readonly runtimeHandlers: readonly string[];
}

/** `POD` shares with the sandbox, `CONTAINER` is private, `NODE` is the host's, `TARGET` another container's. */
type NamespaceMode = "POD" | "CONTAINER" | "NODE" | "TARGET";

export interface NamespaceOptions {
  readonly network: NamespaceMode;
  readonly pid: NamespaceMode;
  readonly ipc: NamespaceMode;
  readonly targetId?: string;
}

export interface SecurityProfile {
  readonly type: "RuntimeDefault" | "Unconfined" | "Localhost";
  readonly localhostRef?: string;
}

export interface PodSandboxConfig {
  readonly metadata: { readonly name: string; readonly uid: string; readonly namespace: string; readonly attempt: number };
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dnsConfig?: { readonly servers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] };
  readonly portMappings: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux: {
    readonly cgroupParent: string;
    readonly namespaceOptions: NamespaceOptions;
    readonly privileged: boolean;
    readonly runAsUser?: number;
    readonly runAsGroup?: number;
    readonly supplementalGroups: readonly number[];
    readonly seccomp?: SecurityProfile;
    readonly sysctls: Readonly<Record<string, string>>;
    readonly resources?: LinuxContainerResources;
  };
}

export interface PortMapping {
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp?: string;
}

export type SandboxState = "SANDBOX_READY" | "SANDBOX_NOTREADY";

export interface PodSandbox {
  readonly id: string;
  readonly metadata: PodSandboxConfig["metadata"];
  readonly state: SandboxState;
  readonly createdAtNs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PodSandboxStatus extends PodSandbox {
  /** The Pod's addresses, the primary one first; empty on the host's network. */
  readonly ips: readonly string[];
}

export interface LinuxContainerResources {
  readonly cpuPeriod?: number;
  /** Microseconds of each period; 0 or absent: no limit. */
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  /** 0 or absent: no limit. */
  readonly memoryLimitBytes?: number;
  readonly oomScoreAdj?: number;
  readonly pidsLimit?: number;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limitBytes: number }[];
}

export interface ContainerMount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readonly: boolean;
  readonly propagation: "PRIVATE" | "HOST_TO_CONTAINER" | "BIDIRECTIONAL";
  readonly selinuxRelabel?: boolean;
}

export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number };
  /** The image's id, as {@link ContainerRuntime.pullImage} answered it, and the name that the user gave. */
  readonly image: { readonly image: string; readonly userSpecifiedImage: string };
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly key: string; readonly value: string }[];
  readonly mounts: readonly ContainerMount[];
  readonly devices: readonly { readonly containerPath: string; readonly hostPath: string; readonly permissions: string }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly stopSignal?: string;
  readonly linux: {
    readonly resources: LinuxContainerResources;
    readonly namespaceOptions: NamespaceOptions;
    readonly privileged: boolean;
    readonly addCapabilities: readonly string[];
    readonly dropCapabilities: readonly string[];
    readonly runAsUser?: number;
    readonly runAsUsername?: string;
    readonly runAsGroup?: number;
    readonly supplementalGroups: readonly number[];
    readonly readonlyRootfs: boolean;
    readonly noNewPrivileges: boolean;
    readonly seccomp?: SecurityProfile;
    readonly apparmor?: SecurityProfile;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
  };
}

export type ContainerState = "CONTAINER_CREATED" | "CONTAINER_RUNNING" | "CONTAINER_EXITED" | "CONTAINER_UNKNOWN";

export interface Container {
  readonly id: string;
  readonly podSandboxId: string;
  readonly metadata: ContainerConfig["metadata"];
  readonly image: string;
  readonly imageRef: string;
  readonly state: ContainerState;
  readonly createdAtNs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerStatus extends Container {
  readonly startedAtNs: number;
  readonly finishedAtNs: number;
  readonly exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, … */
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
}

export interface ExecResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}

export interface ExecRequest {
  readonly containerId: string;
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export type AttachRequest = Omit<ExecRequest, "command">;

export interface ContainerStats {
  readonly containerId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timestampNs: number;
  /** CPU time used since the start. */
  readonly cpuUsageNs: number;
  readonly memoryWorkingSetBytes: number;
  readonly writableLayerBytes: number;
}

export interface ContainerEvent {
  readonly containerId: string;
  readonly type: "CONTAINER_CREATED_EVENT" | "CONTAINER_STARTED_EVENT" | "CONTAINER_STOPPED_EVENT" | "CONTAINER_DELETED_EVENT";
  readonly createdAtNs: number;
  /** The Pod that the container belongs to. */
  readonly podUid: string;
}

export interface Image {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  /** The image's user when numeric; `username` otherwise. */
  readonly uid?: number;
  readonly username?: string;
}

export interface ImageAuth {
  readonly username?: string;
  readonly password?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface FilesystemUsage {
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}
