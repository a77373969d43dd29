import type { Pod, Service, ServicePort } from "@skiff/api";
import type { Informer, InformerChange } from "@skiff/client";
import { isPodFinished, readyCondition } from "../pods/pod-state.ts";

/** On the Endpoints and EndpointSlices of Services without a cluster address. */
export const HEADLESS_LABEL = "service.kubernetes.io/headless";

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === "None";
}

/** Whether a Pod can be an endpoint at all: it has an address and will not end by itself. */
export function mayServe(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodFinished(pod) || !pod.status?.podIP) return false;
  return includeTerminating || pod.metadata?.deletionTimestamp === undefined;
}

/** The hostname under which DNS knows the Pod within the Service, if there is one. */
export function endpointHostname(pod: Pod, service: Service): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  return hostname && subdomain === service.metadata?.name ? hostname : undefined;
}

/** The number of the Pod's port that a Service's port leads to; `undefined` when the Pod has no port of that name. */
export function targetPortOf(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number") return target === 0 ? port.port : target;
  const protocol = port.protocol ?? "TCP";
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  for (const container of [...sidecars, ...(pod.spec?.containers ?? [])]) {
    for (const { name, containerPort, protocol: own = "TCP" } of container.ports ?? []) {
      if (name === target && own === protocol) return containerPort;
    }
  }
  return undefined;
}

/** The keys of the Services of a namespace whose selector picks labels. */
function* servicesFor(services: Informer<Service>, namespace: string, labels: Readonly<Record<string, string>>): Iterable<string> {
  for (const service of services.list(namespace)) {
    const selector = service.spec?.selector;
    if (selector === undefined || Object.keys(selector).length === 0) continue;
    if (Object.entries(selector).every(([name, value]) => labels[name] === value)) yield `${namespace}/${service.metadata?.name}`;
  }
}

/** The Services that a change of a Pod concerns: none when nothing has changed that an endpoint shows. */
export function* servicesOfPodChange(services: Informer<Service>, { object, previous }: InformerChange<Pod>): Iterable<string> {
  const { namespace = "", labels = {} } = object.metadata ?? {};
  const labelsBefore = previous?.metadata?.labels ?? {};
  const relabelled = previous !== undefined && JSON.stringify(labels) !== JSON.stringify(labelsBefore);
  if (previous !== undefined && !relabelled && endpointState(object) === endpointState(previous)) return;
  yield* servicesFor(services, namespace, labels);
  if (relabelled) yield* servicesFor(services, namespace, labelsBefore);
}

/** All that an endpoint shows of its Pod. */
function endpointState({ metadata, spec, status }: Pod): string {
  const ready = readyCondition({ status })?.status;
  const { phase, podIP, podIPs } = status ?? {};
  return JSON.stringify([metadata?.deletionTimestamp, spec?.nodeName, spec?.hostname, spec?.subdomain, phase, ready, podIP, podIPs]);
}
