export { type ContainerdOptions, renderContainerdConfig } from "./containerd/containerd-config.ts";
export { cleanUpContainerd, type ContainerdCleanupHost, removeAllSandboxes, removeControlGroups } from "./containerd/containerd-cleanup.ts";
export { ContainerdSupervisor, type ContainerdSupervisorOptions } from "./containerd/containerd-supervisor.ts";
export { detectSnapshotter, mayLowerOomScore } from "./containerd/host-capabilities.ts";
export { type RegistryHostsFile, type RegistryMirror, renderRegistryHosts } from "./containerd/registry-hosts.ts";
export { CriRuntime, type CriRuntimeOptions } from "./cri-runtime.ts";
export { type GrpcChannel, openGrpcChannel } from "./grpc-channel.ts";
export type { HostFiles } from "./host/host-files.ts";
export { nodeHostFiles } from "./host/node-host-files.ts";
export { NodeProcessSpawner } from "./host/node-process-spawner.ts";
export type {
  BackgroundCommand,
  BackgroundProcess,
  CommandResult,
  ProcessEntry,
  ProcessExit,
  ProcessSpawner,
} from "./host/process-spawner.ts";
export { ContainerdImages, type ContainerdImagesOptions } from "./images/containerd-images.ts";
export { createLayer, type OciImage, type OciImageConfig, type OciLayer, writeOciArchive } from "./images/oci-archive.ts";
export { imageArchitecture, PAUSE_IMAGE, pauseImage, pauseProgram } from "./images/pause-image.ts";
export { type TarEntry, writeTar } from "./images/tar.ts";
