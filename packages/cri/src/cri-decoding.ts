import {
  type Container,
  type ContainerStats,
  type ContainerStatus,
  type FilesystemUsage,
  type Image,
  type PodSandbox,
  type PodSandboxStatus,
  RuntimeError,
} from "@skiff/kubelet";
import type { MessageType } from "./protocol/protobuf.ts";
import type {
  ContainerMessage,
  ContainerStatsMessage,
  ContainerStatusMessage,
  FilesystemUsageMessage,
  ImageMessage,
  PodSandboxMessage,
  PodSandboxStatusMessage,
} from "./protocol/runtime-v1.ts";

type Read<M> = M extends MessageType<infer T> ? T : never;

/** A part that the protocol requires the runtime to fill in. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RuntimeError("INTERNAL", `the container runtime's answer lacks ${what}`);
  return value;
}

/** A sandbox of a list. */
export function decodePodSandbox(sandbox: Read<typeof PodSandboxMessage>): PodSandbox {
  const { createdAt, metadata, ...rest } = sandbox;
  return { ...rest, metadata: required(metadata, "the metadata of a sandbox"), createdAtNs: createdAt };
}

/** A sandbox with its addresses, the primary one first. */
export function decodePodSandboxStatus(status: Read<typeof PodSandboxStatusMessage>): PodSandboxStatus {
  const { createdAt, metadata, network, ...rest } = status;
  const ips = [network?.ip ?? "", ...(network?.additionalIps ?? []).map(({ ip }) => ip)].filter((ip) => ip !== "");
  return { ...rest, metadata: required(metadata, "the metadata of a sandbox"), createdAtNs: createdAt, ips };
}

/** A container of a list. */
export function decodeContainer(container: Read<typeof ContainerMessage>): Container {
  const { createdAt, metadata, image, ...rest } = container;
  return { ...rest, metadata: required(metadata, "the metadata of a container"), image: image?.image ?? "", createdAtNs: createdAt };
}

/** The status does not say which sandbox the container is in; `podSandboxId` comes from elsewhere. */
export function decodeContainerStatus(status: Read<typeof ContainerStatusMessage>, podSandboxId: string): ContainerStatus {
  const { createdAt, startedAt, finishedAt, metadata, image, ...rest } = status;
  return {
    ...rest,
    podSandboxId,
    metadata: required(metadata, "the metadata of a container"),
    image: image?.image ?? "",
    createdAtNs: createdAt,
    startedAtNs: startedAt,
    finishedAtNs: finishedAt,
  };
}

/** What a container uses. A part that the runtime does not measure is 0. */
export function decodeContainerStats(stats: Read<typeof ContainerStatsMessage>): ContainerStats {
  const attributes = required(stats.attributes, "the attributes of a container's statistics");
  return {
    containerId: attributes.id,
    labels: attributes.labels,
    timestampNs: stats.cpu?.timestamp ?? stats.memory?.timestamp ?? 0,
    cpuUsageNs: stats.cpu?.usageCoreNanoSeconds?.value ?? 0,
    memoryWorkingSetBytes: stats.memory?.workingSetBytes?.value ?? 0,
    writableLayerBytes: stats.writableLayer?.usedBytes?.value ?? 0,
  };
}

/** An image. */
export function decodeImage(image: Read<typeof ImageMessage>): Image {
  const { id, repoTags, repoDigests, size, uid, username } = image;
  return { id, repoTags, repoDigests, sizeBytes: size, ...(uid && { uid: uid.value }), ...(username !== "" && { username }) };
}

/** How full the file system of the images is. */
export function decodeFilesystemUsage(usage: Read<typeof FilesystemUsageMessage>): FilesystemUsage {
  return { mountpoint: usage.fsId?.mountpoint ?? "", usedBytes: usage.usedBytes?.value ?? 0, inodesUsed: usage.inodesUsed?.value ?? 0 };
}
