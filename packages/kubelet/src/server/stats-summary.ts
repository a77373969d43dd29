import { formatTime } from "@skiff/base";
import type { Kubelet } from "../kubelet.ts";
import type { ContainerUsage, NodeUsage } from "./usage-stats.ts";

/** `GET /stats/summary` (`stats/v1alpha1 Summary`): what the node, its Pods and their containers use. */
export function statsSummary(kubelet: Kubelet, usage: NodeUsage): unknown {
  const { machine } = usage;
  const time = formatTime(usage.timeMs);
  const pods = new Map<string, ContainerUsage[]>();
  for (const container of usage.containers) {
    const list = pods.get(container.podUid);
    if (list === undefined) pods.set(container.podUid, [container]);
    else list.push(container);
  }
  return {
    node: {
      nodeName: kubelet.nodeName,
      cpu: { time, usageNanoCores: usage.nodeCpuNanoCores, usageCoreNanoSeconds: Math.round(machine.cpuUsageNs) },
      memory: { time, availableBytes: machine.memoryAvailableBytes, workingSetBytes: machine.memoryWorkingSetBytes },
      fs: {
        time,
        availableBytes: machine.fsAvailableBytes,
        capacityBytes: machine.fsCapacityBytes,
        usedBytes: machine.fsCapacityBytes - machine.fsAvailableBytes,
        inodesFree: machine.fsInodesFree,
        inodes: machine.fsInodes,
      },
      rlimit: { time, maxpid: machine.pidsMax, curproc: machine.pidsRunning },
    },
    pods: Array.from(pods, ([uid, containers]) => podSummary(kubelet, uid, containers)),
  };
}

function podSummary(kubelet: Kubelet, uid: string, containers: readonly ContainerUsage[]): unknown {
  const [first] = containers;
  const sum = (value: (container: ContainerUsage) => number): number =>
    containers.reduce((total, container) => total + value(container), 0);
  const time = formatTime((first?.stats.timestampNs ?? 0) / 1e6);
  return {
    podRef: { name: first?.pod, namespace: first?.namespace, uid },
    startTime: kubelet.parts.statuses.get(uid)?.startTime,
    containers: containers.map(({ container, stats, cpuNanoCores, startedAtMs }) => ({
      name: container,
      startTime: startedAtMs === undefined ? undefined : formatTime(startedAtMs),
      cpu: { time: formatTime(stats.timestampNs / 1e6), usageNanoCores: cpuNanoCores, usageCoreNanoSeconds: Math.round(stats.cpuUsageNs) },
      memory: { time: formatTime(stats.timestampNs / 1e6), workingSetBytes: stats.memoryWorkingSetBytes },
      rootfs: { time: formatTime(stats.timestampNs / 1e6), usedBytes: stats.writableLayerBytes },
    })),
    cpu: {
      time,
      usageNanoCores: sum(({ cpuNanoCores }) => cpuNanoCores),
      usageCoreNanoSeconds: Math.round(sum(({ stats }) => stats.cpuUsageNs)),
    },
    memory: { time, workingSetBytes: sum(({ stats }) => stats.memoryWorkingSetBytes) },
  };
}
