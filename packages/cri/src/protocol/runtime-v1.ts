import { bool, bytes, enumeration, int, type MessageType, message, nested, repeated, string, stringMap, uint } from "./protobuf.ts";

/**
 * The part of `runtime.v1` (the Container Runtime Interface) that Skiff uses. The field numbers are those of the public
 * protocol and must never change; fields left out here are ignored when read.
 */

const Int64Value = message({ value: int(1) });
const UInt64Value = message({ value: uint(1) });

const NAMESPACE_MODES = ["POD", "CONTAINER", "NODE", "TARGET"] as const;
const NamespaceOption = message({
  network: enumeration(1, NAMESPACE_MODES),
  pid: enumeration(2, NAMESPACE_MODES),
  ipc: enumeration(3, NAMESPACE_MODES),
  targetId: string(4),
});
const SecurityProfile = message({ type: enumeration(1, ["RuntimeDefault", "Unconfined", "Localhost"]), localhostRef: string(2) });
const HugepageLimit = message({ pageSize: string(1), limit: uint(2) });
const LinuxContainerResources = message({
  cpuPeriod: int(1),
  cpuQuota: int(2),
  cpuShares: int(3),
  memoryLimitInBytes: int(4),
  oomScoreAdj: int(5),
  cpusetCpus: string(6),
  cpusetMems: string(7),
  hugepageLimits: repeated(nested(8, HugepageLimit)),
  unified: stringMap(9),
  memorySwapLimitInBytes: int(10),
});

const PodSandboxMetadata = message({ name: string(1), uid: string(2), namespace: string(3), attempt: uint(4) });
const DnsConfig = message({ servers: repeated(string(1)), searches: repeated(string(2)), options: repeated(string(3)) });
const PortMapping = message({
  protocol: enumeration(1, ["TCP", "UDP", "SCTP"]),
  containerPort: int(2),
  hostPort: int(3),
  hostIp: string(4),
});
const LinuxSandboxSecurityContext = message({
  namespaceOptions: nested(1, NamespaceOption),
  runAsUser: nested(3, Int64Value),
  readonlyRootfs: bool(4),
  supplementalGroups: repeated(int(5)),
  privileged: bool(6),
  runAsGroup: nested(8, Int64Value),
  seccomp: nested(9, SecurityProfile),
});
const LinuxPodSandboxConfig = message({
  cgroupParent: string(1),
  securityContext: nested(2, LinuxSandboxSecurityContext),
  sysctls: stringMap(3),
  resources: nested(5, LinuxContainerResources),
});
/** `PodSandboxConfig`. */
export const PodSandboxConfigMessage = message({
  metadata: nested(1, PodSandboxMetadata),
  hostname: string(2),
  logDirectory: string(3),
  dnsConfig: nested(4, DnsConfig),
  portMappings: repeated(nested(5, PortMapping)),
  labels: stringMap(6),
  annotations: stringMap(7),
  linux: nested(8, LinuxPodSandboxConfig),
});

const SANDBOX_STATES = ["SANDBOX_READY", "SANDBOX_NOTREADY"] as const;
const PodIp = message({ ip: string(1) });
const PodSandboxNetworkStatus = message({ ip: string(1), additionalIps: repeated(nested(2, PodIp)) });
/** `PodSandboxStatus`. */
export const PodSandboxStatusMessage = message({
  id: string(1),
  metadata: nested(2, PodSandboxMetadata),
  state: enumeration(3, SANDBOX_STATES),
  createdAt: int(4),
  network: nested(5, PodSandboxNetworkStatus),
  labels: stringMap(7),
  annotations: stringMap(8),
});
/** `PodSandbox`. */
export const PodSandboxMessage = message({
  id: string(1),
  metadata: nested(2, PodSandboxMetadata),
  state: enumeration(3, SANDBOX_STATES),
  createdAt: int(4),
  labels: stringMap(5),
  annotations: stringMap(6),
});
const PodSandboxStateValue = message({ state: enumeration(1, SANDBOX_STATES) });
const PodSandboxFilter = message({ id: string(1), state: nested(2, PodSandboxStateValue), labelSelector: stringMap(3) });

const ImageSpec = message({ image: string(1), userSpecifiedImage: string(18), runtimeHandler: string(19) });
const ContainerMetadata = message({ name: string(1), attempt: uint(2) });
const Mount = message({
  containerPath: string(1),
  hostPath: string(2),
  readonly: bool(3),
  selinuxRelabel: bool(4),
  propagation: enumeration(5, ["PROPAGATION_PRIVATE", "PROPAGATION_HOST_TO_CONTAINER", "PROPAGATION_BIDIRECTIONAL"]),
});
const Device = message({ containerPath: string(1), hostPath: string(2), permissions: string(3) });
const KeyValue = message({ key: string(1), value: string(2) });
const Capability = message({ addCapabilities: repeated(string(1)), dropCapabilities: repeated(string(2)) });
const LinuxContainerSecurityContext = message({
  capabilities: nested(1, Capability),
  privileged: bool(2),
  namespaceOptions: nested(3, NamespaceOption),
  runAsUser: nested(5, Int64Value),
  runAsUsername: string(6),
  readonlyRootfs: bool(7),
  supplementalGroups: repeated(int(8)),
  /** Runtimes before CRI learnt `apparmor` (16) read only this. */
  apparmorProfile: string(9),
  noNewPrivs: bool(11),
  runAsGroup: nested(12, Int64Value),
  maskedPaths: repeated(string(13)),
  readonlyPaths: repeated(string(14)),
  seccomp: nested(15, SecurityProfile),
  apparmor: nested(16, SecurityProfile),
});
const LinuxContainerConfig = message({
  resources: nested(1, LinuxContainerResources),
  securityContext: nested(2, LinuxContainerSecurityContext),
});

/** The names of `Signal` in the order of their numbers; signals of the real-time range carry `PLUS` and `MINUS`. */
export const SIGNALS: readonly [string, ...string[]] = [
  "RUNTIME_DEFAULT",
  ...(
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP " +
    "TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN"
  )
    .split(" ")
    .map((name) => `SIG${name}`),
  ...Array.from({ length: 15 }, (_, index) => `SIGRTMINPLUS${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `SIGRTMAXMINUS${14 - index}`),
  "SIGRTMAX",
];

/** `ContainerConfig`. */
export const ContainerConfigMessage = message({
  metadata: nested(1, ContainerMetadata),
  image: nested(2, ImageSpec),
  command: repeated(string(3)),
  args: repeated(string(4)),
  workingDir: string(5),
  envs: repeated(nested(6, KeyValue)),
  mounts: repeated(nested(7, Mount)),
  devices: repeated(nested(8, Device)),
  labels: stringMap(9),
  annotations: stringMap(10),
  logPath: string(11),
  stdin: bool(12),
  stdinOnce: bool(13),
  tty: bool(14),
  linux: nested(15, LinuxContainerConfig),
  stopSignal: enumeration(18, SIGNALS),
});

const CONTAINER_STATES = ["CONTAINER_CREATED", "CONTAINER_RUNNING", "CONTAINER_EXITED", "CONTAINER_UNKNOWN"] as const;
const ContainerFilter = message({ id: string(1), podSandboxId: string(3), labelSelector: stringMap(4) });
/** `Container`. */
export const ContainerMessage = message({
  id: string(1),
  podSandboxId: string(2),
  metadata: nested(3, ContainerMetadata),
  image: nested(4, ImageSpec),
  imageRef: string(5),
  state: enumeration(6, CONTAINER_STATES),
  createdAt: int(7),
  labels: stringMap(8),
  annotations: stringMap(9),
});
/** `ContainerStatus`. */
export const ContainerStatusMessage = message({
  id: string(1),
  metadata: nested(2, ContainerMetadata),
  state: enumeration(3, CONTAINER_STATES),
  createdAt: int(4),
  startedAt: int(5),
  finishedAt: int(6),
  exitCode: int(7),
  image: nested(8, ImageSpec),
  imageRef: string(9),
  reason: string(10),
  message: string(11),
  labels: stringMap(12),
  annotations: stringMap(13),
  logPath: string(15),
});

const FilesystemIdentifier = message({ mountpoint: string(1) });
/** `FilesystemUsage`. */
export const FilesystemUsageMessage = message({
  timestamp: int(1),
  fsId: nested(2, FilesystemIdentifier),
  usedBytes: nested(3, UInt64Value),
  inodesUsed: nested(4, UInt64Value),
});
const CpuUsage = message({ timestamp: int(1), usageCoreNanoSeconds: nested(2, UInt64Value) });
const MemoryUsage = message({ timestamp: int(1), workingSetBytes: nested(2, UInt64Value) });
const ContainerAttributes = message({ id: string(1), metadata: nested(2, ContainerMetadata), labels: stringMap(3) });
/** `ContainerStats`. */
export const ContainerStatsMessage = message({
  attributes: nested(1, ContainerAttributes),
  cpu: nested(2, CpuUsage),
  memory: nested(3, MemoryUsage),
  writableLayer: nested(4, FilesystemUsageMessage),
});
/** `Image`. */
export const ImageMessage = message({
  id: string(1),
  repoTags: repeated(string(2)),
  repoDigests: repeated(string(3)),
  size: uint(4),
  uid: nested(5, Int64Value),
  username: string(6),
});
const AuthConfig = message({
  username: string(1),
  password: string(2),
  auth: string(3),
  serverAddress: string(4),
  identityToken: string(5),
  registryToken: string(6),
});
const RuntimeConditionMessage = message({ type: string(1), status: bool(2), reason: string(3), message: string(4) });
const RuntimeStatusMessage = message({ conditions: repeated(nested(1, RuntimeConditionMessage)) });
const RuntimeHandlerMessage = message({ name: string(1) });
const NetworkConfig = message({ podCidr: string(1) });
const RuntimeConfig = message({ networkConfig: nested(1, NetworkConfig) });

const EMPTY = message({});
const SANDBOX_ID = message({ podSandboxId: string(1) });
const CONTAINER_ID = message({ containerId: string(1) });
const URL_ANSWER = message({ url: string(1) });
const EVENT_TYPES = ["CONTAINER_CREATED_EVENT", "CONTAINER_STARTED_EVENT", "CONTAINER_STOPPED_EVENT", "CONTAINER_DELETED_EVENT"] as const;

/** One call: its path, and the messages that go out and come back. */
export interface CallType<Request, Response> {
  readonly path: string;
  readonly request: MessageType<Request>;
  readonly response: MessageType<Response>;
}

function runtimeCall<Request, Response>(
  name: string,
  request: MessageType<Request>,
  response: MessageType<Response>,
): CallType<Request, Response> {
  return { path: `/runtime.v1.RuntimeService/${name}`, request, response };
}

function imageCall<Request, Response>(
  name: string,
  request: MessageType<Request>,
  response: MessageType<Response>,
): CallType<Request, Response> {
  return { path: `/runtime.v1.ImageService/${name}`, request, response };
}

/** The calls of both services. */
export const CALLS = {
  version: runtimeCall(
    "Version",
    message({ version: string(1) }),
    message({ version: string(1), runtimeName: string(2), runtimeVersion: string(3), runtimeApiVersion: string(4) }),
  ),
  status: runtimeCall(
    "Status",
    message({ verbose: bool(1) }),
    message({ status: nested(1, RuntimeStatusMessage), runtimeHandlers: repeated(nested(3, RuntimeHandlerMessage)) }),
  ),
  updateRuntimeConfig: runtimeCall("UpdateRuntimeConfig", message({ runtimeConfig: nested(1, RuntimeConfig) }), EMPTY),
  runPodSandbox: runtimeCall(
    "RunPodSandbox",
    message({ config: nested(1, PodSandboxConfigMessage), runtimeHandler: string(2) }),
    SANDBOX_ID,
  ),
  stopPodSandbox: runtimeCall("StopPodSandbox", SANDBOX_ID, EMPTY),
  removePodSandbox: runtimeCall("RemovePodSandbox", SANDBOX_ID, EMPTY),
  podSandboxStatus: runtimeCall("PodSandboxStatus", SANDBOX_ID, message({ status: nested(1, PodSandboxStatusMessage) })),
  listPodSandbox: runtimeCall(
    "ListPodSandbox",
    message({ filter: nested(1, PodSandboxFilter) }),
    message({ items: repeated(nested(1, PodSandboxMessage)) }),
  ),
  createContainer: runtimeCall(
    "CreateContainer",
    message({ podSandboxId: string(1), config: nested(2, ContainerConfigMessage), sandboxConfig: nested(3, PodSandboxConfigMessage) }),
    CONTAINER_ID,
  ),
  startContainer: runtimeCall("StartContainer", CONTAINER_ID, EMPTY),
  stopContainer: runtimeCall("StopContainer", message({ containerId: string(1), timeout: int(2) }), EMPTY),
  removeContainer: runtimeCall("RemoveContainer", CONTAINER_ID, EMPTY),
  listContainers: runtimeCall(
    "ListContainers",
    message({ filter: nested(1, ContainerFilter) }),
    message({ containers: repeated(nested(1, ContainerMessage)) }),
  ),
  containerStatus: runtimeCall("ContainerStatus", CONTAINER_ID, message({ status: nested(1, ContainerStatusMessage) })),
  updateContainerResources: runtimeCall(
    "UpdateContainerResources",
    message({ containerId: string(1), linux: nested(2, LinuxContainerResources) }),
    EMPTY,
  ),
  reopenContainerLog: runtimeCall("ReopenContainerLog", CONTAINER_ID, EMPTY),
  execSync: runtimeCall(
    "ExecSync",
    message({ containerId: string(1), cmd: repeated(string(2)), timeout: int(3) }),
    message({ stdout: bytes(1), stderr: bytes(2), exitCode: int(3) }),
  ),
  exec: runtimeCall(
    "Exec",
    message({ containerId: string(1), cmd: repeated(string(2)), tty: bool(3), stdin: bool(4), stdout: bool(5), stderr: bool(6) }),
    URL_ANSWER,
  ),
  attach: runtimeCall(
    "Attach",
    message({ containerId: string(1), stdin: bool(2), tty: bool(3), stdout: bool(4), stderr: bool(5) }),
    URL_ANSWER,
  ),
  portForward: runtimeCall("PortForward", message({ podSandboxId: string(1), port: repeated(int(2)) }), URL_ANSWER),
  containerStats: runtimeCall("ContainerStats", CONTAINER_ID, message({ stats: nested(1, ContainerStatsMessage) })),
  listContainerStats: runtimeCall("ListContainerStats", EMPTY, message({ stats: repeated(nested(1, ContainerStatsMessage)) })),
  getContainerEvents: runtimeCall(
    "GetContainerEvents",
    EMPTY,
    message({
      containerId: string(1),
      type: enumeration(2, EVENT_TYPES),
      createdAt: int(3),
      podSandboxStatus: nested(4, PodSandboxStatusMessage),
    }),
  ),
  listImages: imageCall("ListImages", EMPTY, message({ images: repeated(nested(1, ImageMessage)) })),
  imageStatus: imageCall("ImageStatus", message({ image: nested(1, ImageSpec) }), message({ image: nested(1, ImageMessage) })),
  pullImage: imageCall(
    "PullImage",
    message({ image: nested(1, ImageSpec), auth: nested(2, AuthConfig), sandboxConfig: nested(3, PodSandboxConfigMessage) }),
    message({ imageRef: string(1) }),
  ),
  removeImage: imageCall("RemoveImage", message({ image: nested(1, ImageSpec) }), EMPTY),
  imageFsInfo: imageCall("ImageFsInfo", EMPTY, message({ imageFilesystems: repeated(nested(1, FilesystemUsageMessage)) })),
};
