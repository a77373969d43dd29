import { tryParseQuantity, type Container, type Pod } from "@skiff/api";
import type { LinuxContainerResources } from "./container-runtime.ts";
import { isSidecar } from "./pod-containers.ts";
import { oomScoreAdjust, qosClassOf } from "./quality-of-service.ts";

const CPU_PERIOD_US = 100_000;
const MIN_CPU_QUOTA_US = 1000;
const MIN_CPU_SHARES = 2;
const MAX_CPU_SHARES = 262_144;

/** CPU shares (cgroup v1 scale) of a request in millicores. */
function cpuShares(milli: number): number {
  if (milli === 0) return MIN_CPU_SHARES;
  return Math.min(MAX_CPU_SHARES, Math.max(MIN_CPU_SHARES, Math.trunc((milli * 1024) / 1000)));
}

/** Microseconds of each period that a limit in millicores allows; 0 stands for no limit. */
function cpuQuota(milli: number): number {
  return milli === 0 ? 0 : Math.max(MIN_CPU_QUOTA_US, Math.trunc((milli * CPU_PERIOD_US) / 1000));
}

/** The amount in whole millicores, 0 when absent. */
export function milliCpu(list: Record<string, string> | undefined): number {
  return Number(tryParseQuantity(list?.cpu)?.milliValue() ?? 0n);
}

/** The amount in bytes (or whole units), 0 when absent. */
export function wholeUnits(list: Record<string, string> | undefined, resource: string): number {
  return Number(tryParseQuantity(list?.[resource])?.value() ?? 0n);
}

/** What the runtime is told about the resources of a container. */
export function containerResources(
  pod: Pod,
  container: Container,
  memoryCapacityBytes: number,
  podPidsLimit?: number,
): LinuxContainerResources {
  const { requests, limits } = container.resources ?? {};
  // A limit without a request is a request too; the API server fills that in, Pods from files may lack it.
  const cpu = requests?.cpu === undefined ? milliCpu(limits) : milliCpu(requests);
  const memory = wholeUnits(limits, "memory");
  const quota = cpuQuota(milliCpu(limits));
  return {
    cpuShares: cpuShares(cpu),
    ...(quota > 0 ? { cpuQuota: quota, cpuPeriod: CPU_PERIOD_US } : {}),
    ...(memory > 0 ? { memoryLimitBytes: memory } : {}),
    oomScoreAdj: oomScoreAdjust(pod, container, memoryCapacityBytes),
    ...(podPidsLimit === undefined ? {} : { pidsLimit: podPidsLimit }),
    hugepageLimits: hugepages(limits),
  };
}

function hugepages(limits: Record<string, string> | undefined): { pageSize: string; limitBytes: number }[] {
  return Object.keys(limits ?? {})
    .filter((name) => name.startsWith("hugepages-"))
    .map((name) => ({ pageSize: `${name.slice("hugepages-".length)}B`.replace("iB", "B"), limitBytes: wholeUnits(limits, name) }));
}

/** `/kubepods/<class>/pod<uid>`: the group above a Pod's containers; Guaranteed Pods stand directly below `/kubepods`. */
export function podCgroup(pod: Pod): string {
  const qos = qosClassOf(pod);
  const parent = qos === "Guaranteed" ? "/kubepods" : `/kubepods/${qos.toLowerCase()}`;
  return `${parent}/pod${pod.metadata?.uid ?? ""}`;
}

/** The values of {@link podCgroup}: limits only where every container has one. */
export function podResources(pod: Pod, podPidsLimit?: number): LinuxContainerResources {
  const milli = podAmount(pod, "requests", (list) => milliCpu(list));
  const limited = (resource: string): boolean => relevant(pod).every(({ resources }) => resources?.limits?.[resource] !== undefined);
  const quota = limited("cpu") ? cpuQuota(podAmount(pod, "limits", (list) => milliCpu(list))) : 0;
  const memory = limited("memory") ? podAmount(pod, "limits", (list) => wholeUnits(list, "memory")) : 0;
  return {
    cpuShares: cpuShares(milli),
    ...(quota > 0 ? { cpuQuota: quota, cpuPeriod: CPU_PERIOD_US } : {}),
    ...(memory > 0 ? { memoryLimitBytes: memory } : {}),
    ...(podPidsLimit === undefined ? {} : { pidsLimit: podPidsLimit }),
  };
}

function relevant(pod: Pod): Container[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
}

/**
 * What a whole Pod needs of one resource: app containers and sidecars together, or the greediest init container with the
 * sidecars before it if that is more (KEP-753), plus the overhead.
 */
export function podAmount(pod: Pod, kind: "requests" | "limits", read: (list: Record<string, string> | undefined) => number): number {
  const of = (container: Container): number => read(container.resources?.[kind]);
  let sidecars = 0;
  let peak = 0;
  for (const container of pod.spec?.initContainers ?? []) {
    if (isSidecar(container)) {
      sidecars += of(container);
      peak = Math.max(peak, sidecars);
    } else peak = Math.max(peak, sidecars + of(container));
  }
  const apps = (pod.spec?.containers ?? []).reduce((sum, container) => sum + of(container), 0);
  return Math.max(apps + sidecars, peak) + read(pod.spec?.overhead);
}
