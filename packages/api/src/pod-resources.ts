import type { Container, Pod, PodSpec } from "./generated/types.ts";
import { Quantity, tryParseQuantity } from "./quantity.ts";

/** Amounts by resource name, such as `cpu`. */
export type ResourceAmounts = Map<string, Quantity>;

/** What {@link podRequests} and {@link podLimits} take into account. */
export interface PodResourceOptions {
  /** Leaves out `spec.overhead`. Default false. */
  readonly excludeOverhead?: boolean;
  /** Leaves out `spec.resources`, so that only what the containers ask for counts. Default false. */
  readonly skipPodLevel?: boolean;
  /**
   * With resizing in place the larger of what is asked for and what is allocated counts, unless the resize cannot be
   * done. Default: only the specification counts.
   */
  readonly useStatusResources?: boolean;
}

/** Reads a list of resources; amounts that are no quantities are left out. */
export function readResourceList(list: Readonly<Record<string, string>> | undefined): ResourceAmounts {
  const amounts: ResourceAmounts = new Map();
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = tryParseQuantity(text);
    if (quantity !== undefined) amounts.set(name, quantity);
  }
  return amounts;
}

function addTo(sum: ResourceAmounts, amounts: ResourceAmounts): void {
  for (const [name, quantity] of amounts) sum.set(name, sum.get(name)?.add(quantity) ?? quantity);
}

function raiseTo(sum: ResourceAmounts, amounts: ResourceAmounts): void {
  for (const [name, quantity] of amounts) {
    const known = sum.get(name);
    if (known === undefined || known.compare(quantity) < 0) sum.set(name, quantity);
  }
}

/** The resources that can be given for the Pod as a whole (KEP-2837). */
export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || name.startsWith("hugepages-");
}

/** A sidecar: an init container that keeps running beside the others (KEP-753). */
export function isSidecar(container: Pick<Container, "restartPolicy">): boolean {
  return container.restartPolicy === "Always";
}

/**
 * What the containers need together: the sum of the running ones and the sidecars, or what the greediest init container
 * needs beside the sidecars that are up by then, whichever is more.
 */
function aggregate(spec: PodSpec, amountsOf: (container: Container) => ResourceAmounts): ResourceAmounts {
  const total: ResourceAmounts = new Map();
  for (const container of spec.containers ?? []) addTo(total, amountsOf(container));
  const sidecars: ResourceAmounts = new Map();
  const peak: ResourceAmounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const own = amountsOf(container);
    if (isSidecar(container)) {
      addTo(total, own);
      addTo(sidecars, own);
      raiseTo(peak, sidecars);
    } else {
      const together = new Map(own);
      addTo(together, sidecars);
      raiseTo(peak, together);
    }
  }
  raiseTo(total, peak);
  return total;
}

/** What a container asks for, raised to what it has been given where a resize is under way. */
function requestsOf(pod: Pod, container: Container, options: PodResourceOptions): ResourceAmounts {
  const amounts = readResourceList(container.resources?.requests);
  if (!options.useStatusResources) return amounts;
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const status = statuses.find((one) => one.name === container.name);
  if (status === undefined) return amounts;
  const infeasible = (pod.status?.conditions ?? []).some(
    (condition) => condition.type === "PodResizePending" && condition.reason === "Infeasible",
  );
  const actual = readResourceList(status.resources?.requests);
  const allocated = readResourceList(status.allocatedResources);
  const raised: ResourceAmounts = infeasible ? new Map() : new Map(amounts);
  raiseTo(raised, actual);
  raiseTo(raised, allocated);
  return raised.size === 0 ? amounts : raised;
}

/** What the scheduler and quotas count for a Pod. */
export function podRequests(pod: Pod, options: PodResourceOptions = {}): ResourceAmounts {
  const spec = pod.spec ?? { containers: [] };
  const total = aggregate(spec, (container) => requestsOf(pod, container, options));
  if (!options.skipPodLevel) {
    for (const [name, quantity] of readResourceList(spec.resources?.requests)) if (isPodLevelResource(name)) total.set(name, quantity);
  }
  if (!options.excludeOverhead) addTo(total, readResourceList(spec.overhead));
  return total;
}

/** What a Pod may use at most. Resources without a limit in some container are still summed over the others, as upstream does. */
export function podLimits(pod: Pod, options: PodResourceOptions = {}): ResourceAmounts {
  const spec = pod.spec ?? { containers: [] };
  const total = aggregate(spec, (container) => readResourceList(container.resources?.limits));
  if (!options.skipPodLevel) {
    for (const [name, quantity] of readResourceList(spec.resources?.limits)) if (isPodLevelResource(name)) total.set(name, quantity);
  }
  if (!options.excludeOverhead) {
    for (const [name, quantity] of readResourceList(spec.overhead)) {
      const limit = total.get(name);
      if (limit !== undefined && !limit.isZero) total.set(name, limit.add(quantity));
    }
  }
  return total;
}
