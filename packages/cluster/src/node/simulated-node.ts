import type { Host } from "@skiff/base";
import type { Client, EventRecorder } from "@skiff/client";
import { SimulatedProbeTransport, SimulatedRuntime, type SimulatedRuntimeOptions } from "@skiff/cri-simulated";
import {
  createKubelet,
  MemoryFileSystem,
  MemoryMounter,
  simulatedNodeFacts,
  type Kubelet,
  type KubeletSources,
  type MachineUsage,
} from "@skiff/kubelet";
import { KUBERNETES_VERSION } from "../version.ts";

/** One simulated node. */
interface SimulatedNodeOptions {
  readonly host: Host;
  readonly client: Client;
  readonly nodeName: string;
  /** The node's made-up address. */
  readonly address: string;
  readonly runtime?: SimulatedRuntimeOptions;
  /** Shared with other nodes of the process, so that thousands of them hold one copy of what they watch. */
  readonly sources: Partial<KubeletSources>;
  readonly recorder: Pick<EventRecorder, "event">;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly cpuCount?: number;
  readonly memoryBytes?: number;
  readonly maxPods?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A simulated node and what tests reach into. */
export interface SimulatedNode {
  readonly kubelet: Kubelet;
  readonly runtime: SimulatedRuntime;
  readonly fileSystem: MemoryFileSystem;
}

/** The production kubelet over a runtime, file system and machine in memory. Nothing is started yet. */
export function createSimulatedNode(options: SimulatedNodeOptions): SimulatedNode {
  const { host, cpuCount, memoryBytes } = options;
  const runtime = new SimulatedRuntime(host, options.runtime);
  const fileSystem = new MemoryFileSystem(() => host.clock.now());
  const facts = simulatedNodeFacts({
    ...(cpuCount === undefined ? {} : { cpuCount }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  });
  const kubelet = createKubelet({
    host,
    client: options.client,
    nodeName: options.nodeName,
    runtime,
    fileSystem,
    mounter: new MemoryMounter(fileSystem),
    facts: { ...facts, usage: async () => withContainers(await facts.usage(), runtime.usage()) },
    probes: new SimulatedProbeTransport(runtime, host.clock),
    sources: options.sources,
    recorder: options.recorder,
    nodeIps: [options.address],
    labels: options.labels,
    maxPods: options.maxPods,
    kubernetesVersion: KUBERNETES_VERSION,
    clusterDns: [options.clusterDns],
    clusterDomain: options.clusterDomain,
    // There are no log files and no machine to fill up; looking for them costs a list of containers every few seconds.
    logRotation: false,
    eviction: false,
  });
  return { kubelet, runtime, fileSystem };
}

/** What the containers use, on top of the machine itself. */
function withContainers(idle: MachineUsage, used: ReturnType<SimulatedRuntime["usage"]>): MachineUsage {
  return {
    ...idle,
    cpuUsageNs: idle.cpuUsageNs + used.cpuUsageNs,
    memoryWorkingSetBytes: idle.memoryWorkingSetBytes + used.memoryWorkingSetBytes,
  };
}
