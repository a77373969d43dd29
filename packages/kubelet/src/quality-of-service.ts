import { tryParseQuantity, type Container, type Pod } from "@skiff/api";

/** The quality-of-service class of a Pod. */
type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/** The class that the API server put into the status, or, for Pods that came from elsewhere, the one that the resources give. */
export function qosClassOf(pod: Pod): QosClass {
  const reported = pod.status?.qosClass;
  if (reported === "Guaranteed" || reported === "Burstable" || reported === "BestEffort") return reported;
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const amounts = containers.map(amountsOf);
  if (amounts.every(({ requests, limits }) => requests.size + limits.size === 0)) return "BestEffort";
  const guaranteed = amounts.every(({ requests, limits }) =>
    ["cpu", "memory"].every((name) => limits.has(name) && (requests.get(name) ?? limits.get(name)) === limits.get(name)),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}

function amountsOf(container: Container): { requests: Map<string, bigint>; limits: Map<string, bigint> } {
  const read = (list: Record<string, string> | undefined): Map<string, bigint> => {
    const amounts = new Map<string, bigint>();
    for (const name of ["cpu", "memory"]) {
      const nano = tryParseQuantity(list?.[name])?.nano ?? 0n;
      if (nano > 0n) amounts.set(name, nano);
    }
    return amounts;
  };
  return { requests: read(container.resources?.requests), limits: read(container.resources?.limits) };
}

/** Priorities from here on are those of system-critical Pods (`system-cluster-critical`). */
const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000;

/** True for Pods that the cluster cannot do without: the node keeps and admits them before all others. */
export function isCritical(pod: Pod): boolean {
  return (pod.spec?.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY;
}

/**
 * How eagerly the kernel ends a container when memory runs out: the smaller its request in relation to the machine, the
 * sooner. The numbers are upstream's (`pkg/kubelet/qos`).
 */
export function oomScoreAdjust(pod: Pod, container: Container, memoryCapacityBytes: number): number {
  if (isCritical(pod)) return -997;
  const qos = qosClassOf(pod);
  if (qos === "Guaranteed") return -997;
  if (qos === "BestEffort") return 1000;
  const request = Number(tryParseQuantity(container.resources?.requests?.memory)?.value() ?? 0n);
  const adjust = Math.trunc(1000 - (1000 * request) / memoryCapacityBytes);
  // Stays between Guaranteed and BestEffort, whatever the request.
  return Math.min(999, Math.max(3, adjust));
}
