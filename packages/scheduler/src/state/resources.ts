import type { Pod } from "@skiff/api";
import { podRequests, readResourceList, type ResourceAmounts } from "@skiff/api";

/**
 * Amounts that the scheduler counts, as plain numbers because every node is compared with every Pod: thousandths of a
 * CPU, bytes, and whole units of everything else. Exact below 2^53, that is eight petabytes.
 */
export interface Resources {
  readonly milliCpu: number;
  readonly memory: number;
  readonly ephemeralStorage: number;
  /** Huge pages and extended resources by name. */
  readonly scalars: ReadonlyMap<string, number>;
}

/** What a Pod is taken to need for scoring where its containers ask for nothing: 0.1 CPU and 200 MiB per container. */
const DEFAULT_CPU = "100m";
const DEFAULT_MEMORY = String(200 * 1024 * 1024);

const NO_SCALARS: ReadonlyMap<string, number> = new Map();

function toResources(amounts: ResourceAmounts): Resources {
  let milliCpu = 0;
  let memory = 0;
  let ephemeralStorage = 0;
  let scalars: Map<string, number> | undefined;
  for (const [name, quantity] of amounts) {
    if (name === "cpu") milliCpu = Number(quantity.milliValue());
    else if (name === "memory") memory = Number(quantity.value());
    else if (name === "ephemeral-storage") ephemeralStorage = Number(quantity.value());
    else if (name !== "pods" && name !== "storage") (scalars ??= new Map()).set(name, Number(quantity.value()));
  }
  return { milliCpu, memory, ephemeralStorage, scalars: scalars ?? NO_SCALARS };
}

/** What a Pod asks for. While it is resized in place, the larger of old and new counts. */
export function requestsOf(pod: Pod): Resources {
  return toResources(podRequests(pod, { useStatusResources: true }));
}

/** CPU and memory of a Pod for scoring, where containers that ask for nothing still count for something. */
export function nonZeroRequestsOf(pod: Pod, requests: Resources): { readonly milliCpu: number; readonly memory: number } {
  const spec = pod.spec;
  if (spec === undefined) return requests;
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  if (all.every(({ resources }) => resources?.requests?.cpu !== undefined && resources.requests.memory !== undefined)) return requests;
  const defaulted = <T extends { resources?: { requests?: Record<string, string> } }>(container: T): T => ({
    ...container,
    resources: { ...container.resources, requests: { cpu: DEFAULT_CPU, memory: DEFAULT_MEMORY, ...container.resources?.requests } },
  });
  const filled = {
    ...spec,
    containers: spec.containers.map(defaulted),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(defaulted) } : {}),
  };
  return toResources(podRequests({ ...pod, spec: filled }, { useStatusResources: true }));
}

/** What a node offers, and how many Pods. */
export function allocatableOf(list: Readonly<Record<string, string>> | undefined): Resources & { readonly pods: number } {
  const amounts = readResourceList(list);
  return { ...toResources(amounts), pods: Number(amounts.get("pods")?.value() ?? 0n) };
}
