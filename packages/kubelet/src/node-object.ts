import { canonicalQuantity, type ContainerImage, type Node, type NodeAddress, type NodeStatus, type Taint } from "@skiff/api";
import type { Image, RuntimeVersion } from "./container-runtime.ts";
import type { MachineInfo, MachineUsage } from "./node-facts.ts";

/** How a node shall look. */
export interface NodeSettings {
  readonly nodeName: string;
  /** The node's addresses, the primary one first. */
  readonly nodeIps: readonly string[];
  readonly hostname?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Set when the node is registered, not later. */
  readonly taints?: readonly Taint[];
  readonly providerId?: string;
  readonly maxPods: number;
  /** Where the kubelet's server listens; 0 when there is none. */
  readonly port: number;
  readonly kubernetesVersion: string;
  /** Kept from Pods for the system, by resource: `cpu`, `memory`, `ephemeral-storage`. */
  readonly reserved?: Readonly<Record<string, number>>;
}

/** Kept free of Pods so that the node can evict before the kernel kills: upstream's hard eviction threshold for memory. */
export const MEMORY_EVICTION_THRESHOLD_BYTES = 100 * 2 ** 20;
/** Images that the node's status lists at most (upstream's `nodeStatusMaxImages`). */
const MAX_IMAGES = 50;
const MAX_NAMES_PER_IMAGE = 5;

/** The labels that every node has. */
export function nodeLabels(settings: NodeSettings, machine: MachineInfo): Record<string, string> {
  return {
    ...settings.labels,
    "kubernetes.io/hostname": settings.hostname ?? settings.nodeName,
    "kubernetes.io/os": machine.operatingSystem,
    "kubernetes.io/arch": machine.architecture,
    "beta.kubernetes.io/os": machine.operatingSystem,
    "beta.kubernetes.io/arch": machine.architecture,
  };
}

/** The node as it is registered. */
export function newNode(settings: NodeSettings, machine: MachineInfo, status: NodeStatus): Node {
  const taints = settings.taints ?? [];
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: settings.nodeName,
      labels: nodeLabels(settings, machine),
      annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    },
    spec: {
      ...(taints.length > 0 ? { taints: [...taints] } : {}),
      ...(settings.providerId ? { providerID: settings.providerId } : {}),
    },
    status,
  };
}

/** What the node has, and what of it Pods can use. */
function nodeResources(
  settings: NodeSettings,
  machine: MachineInfo,
  usage: MachineUsage,
): { capacity: Record<string, string>; allocatable: Record<string, string> } {
  // As the API server gives them back: otherwise the status would seem changed each time, and be sent every 10 s.
  const ki = (bytes: number): string => canonicalQuantity(`${Math.floor(Math.max(0, bytes) / 1024)}Ki`);
  const reserved = (name: string): number => settings.reserved?.[name] ?? 0;
  const pods = String(settings.maxPods);
  const hugepages = { "hugepages-1Gi": "0", "hugepages-2Mi": "0" };
  const capacity = {
    cpu: String(machine.cpuCount),
    memory: ki(machine.memoryBytes),
    "ephemeral-storage": ki(usage.fsCapacityBytes),
    pods,
    ...hugepages,
  };
  const allocatable = {
    cpu: canonicalQuantity(`${Math.round((machine.cpuCount - reserved("cpu")) * 1000)}m`),
    memory: ki(machine.memoryBytes - reserved("memory") - MEMORY_EVICTION_THRESHOLD_BYTES),
    // The last tenth is where eviction begins.
    "ephemeral-storage": canonicalQuantity(String(Math.floor(usage.fsCapacityBytes * 0.9 - reserved("ephemeral-storage")))),
    pods,
    ...hugepages,
  };
  return { capacity, allocatable };
}

/** All of the status but conditions. */
export function nodeFactsStatus(
  settings: NodeSettings,
  machine: MachineInfo,
  usage: MachineUsage,
  runtime: RuntimeVersion | undefined,
  images: readonly Image[],
): NodeStatus {
  const addresses: NodeAddress[] = [
    ...settings.nodeIps.map((address) => ({ type: "InternalIP", address })),
    { type: "Hostname", address: settings.hostname ?? settings.nodeName },
  ];
  return {
    ...nodeResources(settings, machine, usage),
    addresses,
    daemonEndpoints: { kubeletEndpoint: { Port: settings.port } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: runtime === undefined ? "" : `${runtime.runtimeName}://${runtime.runtimeVersion}`,
      kubeletVersion: settings.kubernetesVersion,
      kubeProxyVersion: "",
      operatingSystem: machine.operatingSystem,
      architecture: machine.architecture,
    },
    images: nodeImages(images),
  };
}

function nodeImages(images: readonly Image[]): ContainerImage[] {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .map(({ repoDigests, repoTags, sizeBytes }) => ({ names: [...repoDigests, ...repoTags].slice(0, MAX_NAMES_PER_IMAGE), sizeBytes }))
    .filter(({ names }) => names.length > 0)
    .slice(0, MAX_IMAGES);
}
