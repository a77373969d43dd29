import type { Container, Pod } from "./generated/types.ts";
import { readResourceList, type ResourceAmounts } from "./pod-resources.ts";

/** How early a node under pressure gives up a Pod: `BestEffort` first, `Guaranteed` last. */
export type PodQosClass = "Guaranteed" | "Burstable" | "BestEffort";

const COMPUTE = ["cpu", "memory"];

function positiveCompute(amounts: ResourceAmounts): ResourceAmounts {
  return new Map([...amounts].filter(([name, quantity]) => COMPUTE.includes(name) && quantity.sign > 0));
}

function sameAmounts(a: ResourceAmounts, b: ResourceAmounts): boolean {
  return a.size === b.size && [...a].every(([name, quantity]) => b.get(name)?.compare(quantity) === 0);
}

/**
 * The quality-of-service class, from requests and limits of CPU and memory alone. Resources of the Pod as a whole, where
 * given, decide instead of those of its containers.
 */
export function podQosClass(pod: Pod): PodQosClass {
  const spec = pod.spec;
  const podLevel = spec?.resources;
  const sources: Pick<Container, "resources">[] =
    podLevel?.requests || podLevel?.limits ? [{ resources: podLevel }] : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const requests = new Map<string, ReturnType<ResourceAmounts["get"]>>();
  const limits = new Map(requests);
  let guaranteed = true;
  for (const { resources } of sources) {
    const asked = positiveCompute(readResourceList(resources?.requests));
    const allowed = positiveCompute(readResourceList(resources?.limits));
    for (const [name, quantity] of asked) requests.set(name, requests.get(name)?.add(quantity) ?? quantity);
    for (const [name, quantity] of allowed) limits.set(name, limits.get(name)?.add(quantity) ?? quantity);
    if (!COMPUTE.every((name) => allowed.has(name))) guaranteed = false;
  }
  if (requests.size === 0 && limits.size === 0) return "BestEffort";
  if (guaranteed && sameAmounts(requests as ResourceAmounts, limits as ResourceAmounts)) return "Guaranteed";
  return "Burstable";
}
