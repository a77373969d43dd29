import { parseTime } from "@skiff/base";
import type { ContainerStats } from "../container-runtime.ts";
import type { Kubelet } from "../kubelet.ts";
import type { MachineUsage } from "../node-facts.ts";
import { CONTAINER_NAME_LABEL, POD_NAME_LABEL, POD_NAMESPACE_LABEL, POD_UID_LABEL } from "../runtime-labels.ts";

/** A rate is taken over at least so long; asking more often gets the same rate again. */
const MIN_WINDOW_NS = 5e9;

interface Sample {
  readonly timestampNs: number;
  readonly cpuUsageNs: number;
  readonly nanoCores: number;
}

/** What a container uses. */
export interface ContainerUsage {
  readonly container: string;
  readonly pod: string;
  readonly namespace: string;
  readonly podUid: string;
  readonly stats: ContainerStats;
  /** When it was started; absent when that is not known yet. */
  readonly startedAtMs: number | undefined;
  /** Billionths of a core, over the last seconds. */
  readonly cpuNanoCores: number;
}

/** What the node and its containers use. */
export interface NodeUsage {
  readonly timeMs: number;
  readonly machine: MachineUsage;
  readonly nodeCpuNanoCores: number;
  readonly containers: readonly ContainerUsage[];
}

/** Takes samples of what runs, and works out rates between them. */
export class UsageStats {
  readonly #kubelet: Kubelet;
  #samples = new Map<string, Sample>();

  constructor(kubelet: Kubelet) {
    this.#kubelet = kubelet;
  }

  /** Samples now. Only containers that run are in it. */
  async read(): Promise<NodeUsage> {
    const { runtime, host } = this.#kubelet.parts;
    const [machine, all] = await Promise.all([this.#kubelet.facts.usage(), runtime.listContainerStats()]);
    const timeMs = host.clock.now();
    const next = new Map<string, Sample>();
    const rate = (key: string, timestampNs: number, cpuUsageNs: number): number => {
      const sample = nextSample(this.#samples.get(key), timestampNs, cpuUsageNs);
      next.set(key, sample);
      return sample.nanoCores;
    };
    // Containers that have ended are listed without a time.
    const running = all.filter(({ timestampNs }) => timestampNs > 0);
    const containers = running.map((stats): ContainerUsage => ({
      container: stats.labels[CONTAINER_NAME_LABEL] ?? "",
      pod: stats.labels[POD_NAME_LABEL] ?? "",
      namespace: stats.labels[POD_NAMESPACE_LABEL] ?? "",
      podUid: stats.labels[POD_UID_LABEL] ?? "",
      stats,
      startedAtMs: this.#startOf(stats),
      cpuNanoCores: rate(stats.containerId, stats.timestampNs, stats.cpuUsageNs),
    }));
    const nodeCpuNanoCores = rate("", timeMs * 1e6, machine.cpuUsageNs);
    // Containers that are gone drop out with the old map.
    this.#samples = next;
    return { timeMs, machine, nodeCpuNanoCores, containers };
  }

  #startOf({ labels }: ContainerStats): number | undefined {
    const { containerStatuses = [], initContainerStatuses = [] } = this.#kubelet.parts.statuses.get(labels[POD_UID_LABEL] ?? "") ?? {};
    const status = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === labels[CONTAINER_NAME_LABEL]);
    return parseTime(status?.state?.running?.startedAt);
  }
}

function nextSample(before: Sample | undefined, timestampNs: number, cpuUsageNs: number): Sample {
  if (before === undefined) return { timestampNs, cpuUsageNs, nanoCores: 0 };
  const spanNs = timestampNs - before.timestampNs;
  if (spanNs < MIN_WINDOW_NS) return before;
  return { timestampNs, cpuUsageNs, nanoCores: Math.max(0, Math.round(((cpuUsageNs - before.cpuUsageNs) / spanNs) * 1e9)) };
}
