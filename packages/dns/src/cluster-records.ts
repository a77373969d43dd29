import type { EndpointSlice, Service } from "@skiff/api";
import type { Informer } from "@skiff/client";

const SERVICE_LABEL = "kubernetes.io/service-name";

/** What the names of a cluster are answered from. */
export interface ClusterRecords {
  service(namespace: string, name: string): Service | undefined;
  hasNamespace(namespace: string): boolean;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  /** The Service whose cluster address this is. */
  serviceAt(ip: string): Service | undefined;
  /** The slices that hold this address. */
  slicesAt(ip: string): readonly EndpointSlice[];
}

/**
 * Records that are looked up in informers at the moment of the question: nothing is rendered ahead, so a change costs
 * nothing and is seen by the next question.
 */
export function informerRecords(services: Informer<Service>, slices: Informer<EndpointSlice>): ClusterRecords {
  services.addIndex(
    "clusterIP",
    (service) => service.spec?.clusterIPs ?? (service.spec?.clusterIP === undefined ? [] : [service.spec.clusterIP]),
  );
  slices.addIndex("service", (slice) => {
    const service = slice.metadata?.labels?.[SERVICE_LABEL];
    return service === undefined ? [] : [`${slice.metadata?.namespace ?? ""}/${service}`];
  });
  slices.addIndex("address", (slice) => (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses));
  return {
    service: (namespace, name) => services.get(`${namespace}/${name}`),
    hasNamespace: (namespace) => services.list(namespace).length > 0,
    slices: (namespace, service) => slices.byIndex("service", `${namespace}/${service}`),
    serviceAt: (ip) => services.byIndex("clusterIP", ip)[0],
    slicesAt: (ip) => slices.byIndex("address", ip),
  };
}

/** The Service that a slice belongs to. */
export function serviceOfSlice(slice: EndpointSlice): { readonly namespace: string; readonly name: string } {
  return { namespace: slice.metadata?.namespace ?? "", name: slice.metadata?.labels?.[SERVICE_LABEL] ?? "" };
}
