import type { Container, Pod, PodSpec } from "../generated/types.ts";
import { isPodLevelResource, podLimits, podRequests } from "../pod-resources.ts";
import { setPodSpecDefaults } from "./pod-spec-defaults.ts";

/** A limit without a request asks for as much as it allows. Only in Pods: templates keep what was written. */
function setRequestsFromLimits(container: Container): void {
  const { resources } = container;
  if (!resources?.limits) return;
  resources.requests = { ...resources.limits, ...resources.requests };
}

/** Resources of the Pod as a whole, where some of them are given (KEP-2837). */
function setPodLevelResources(pod: Pod, spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  const containerLimits = podLimits(pod, { skipPodLevel: true, excludeOverhead: true });
  const limits = { ...resources.limits };
  for (const [name, quantity] of containerLimits) {
    if (name.startsWith("hugepages-") && limits[name] === undefined) limits[name] = quantity.toString();
  }
  if (Object.keys(limits).length === 0) return;
  resources.limits = limits;
  const requests = { ...resources.requests };
  for (const [name, quantity] of podRequests(pod, { skipPodLevel: true, excludeOverhead: true })) {
    if ((name === "cpu" || name === "memory") && requests[name] === undefined) requests[name] = quantity.toString();
  }
  for (const [name, limit] of Object.entries(limits)) if (isPodLevelResource(name)) requests[name] ??= limit;
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

/** On the node's own network a container's port is the node's port. */
function setHostPorts(containers: readonly Container[]): void {
  for (const container of containers) {
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
}

/** What a Pod leaves out, in place. */
export function setPodDefaults(pod: Pod): void {
  pod.spec ??= { containers: [] };
  pod.status ??= {};
  const { spec } = pod;
  setPodSpecDefaults(spec);
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) setRequestsFromLimits(container);
  setPodLevelResources(pod, spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) {
    setHostPorts(spec.containers ?? []);
    setHostPorts(spec.initContainers ?? []);
  }
}
