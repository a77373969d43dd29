export {
  type AttachRequest,
  type Container,
  type ContainerConfig,
  type ContainerEvent,
  type ContainerRuntime,
  type ContainerState,
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
  type SecurityProfile,
} from "./container-runtime.ts";
export { canonicalReference } from "./canonical-reference.ts";
export { createKubelet, type Kubelet } from "./kubelet.ts";
export { fromInformer, type KubeletSources } from "./kubelet-sources.ts";
export { MemoryFileSystem } from "./memory-file-system.ts";
export { MemoryMounter } from "./memory-mounter.ts";
export { startLocalVolumes } from "./local-volumes/local-volume-controller.ts";
export type { LocalVolumeHost } from "./local-volumes/local-volume-host.ts";
export { type MachineUsage, simulatedNodeFacts } from "./node-facts.ts";
export type { HttpProbeRequest, ProbeAttempt, ProbeTransport } from "./probe-transport.ts";
export { kubeletHandler, type KubeletHandler } from "./server/kubelet-handler.ts";
export { serveKubelet } from "./adapters/kubelet-https-server.ts";
export { nodeKubeletFileSystem } from "./adapters/node-file-system.ts";
export { linuxMounter } from "./adapters/linux-mounter.ts";
export { linuxNodeFacts } from "./adapters/linux-node-facts.ts";
export { detectCgroupMode, linuxCgroups } from "./adapters/linux-cgroups.ts";
export { nodeProbeTransport } from "./adapters/node-probe-transport.ts";
export { reviewedAccess, reviewedTokens } from "./server/delegated-access.ts";
export type { ImageMounter } from "./volumes/image-volumes.ts";
