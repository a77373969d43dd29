import type { EndpointSlice, IngressServiceBackend, Service, ServicePort } from "@skiff/api";
import type { Backend, Endpoint } from "./routing-table.ts";

/** The Services of a cluster and where they lead. */
export interface ServiceEndpoints {
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, Service>;
  /** By `namespace/name` of the Service. */
  readonly slices: ReadonlyMap<string, readonly EndpointSlice[]>;
}

/**
 * The backend that an Ingress names. A Service or port that is not there gives one without endpoints.
 *
 * Requests go to Pods, not to the cluster address, so that affinity and retries know where they went. Endpoints that end are used
 * only when nothing else is left, as the Service proxy does.
 */
export function backendOf(namespace: string, reference: IngressServiceBackend, { services, slices }: ServiceEndpoints): Backend {
  const { name, port: wanted } = reference;
  const portText = wanted?.name ?? String(wanted?.number ?? "");
  const key = `${namespace}/${name}:${portText}`;
  const service = services.get(`${namespace}/${name}`);
  const port = (service?.spec?.ports ?? []).find((each) =>
    wanted?.name === undefined ? each.port === wanted?.number : each.name === wanted.name,
  );
  if (service === undefined) return { key, endpoints: [] };
  if (service.spec?.type === "ExternalName") {
    const number = port?.port ?? wanted?.number;
    const host = service.spec.externalName;
    return { key, endpoints: host === undefined || number === undefined ? [] : [{ host, port: number }] };
  }
  if (port === undefined) return { key, endpoints: [] };
  return { key, endpoints: endpointsOf(slices.get(`${namespace}/${name}`) ?? [], port) };
}

function endpointsOf(slices: readonly EndpointSlice[], servicePort: ServicePort): Endpoint[] {
  const ready = new Map<string, Endpoint>();
  const draining = new Map<string, Endpoint>();
  for (const slice of slices) {
    const port = (slice.ports ?? []).find(
      ({ name = "", protocol = "TCP" }) => name === (servicePort.name ?? "") && protocol === (servicePort.protocol ?? "TCP"),
    )?.port;
    if (typeof port !== "number") continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const [host] = addresses;
      if (host === undefined) continue;
      const isReady = conditions?.ready ?? true;
      if (isReady) ready.set(`${host} ${port}`, { host, port });
      else if (conditions?.serving === true && conditions.terminating === true) draining.set(`${host} ${port}`, { host, port });
    }
  }
  const chosen = ready.size > 0 ? ready : draining;
  return [...chosen.keys()].sort().flatMap((each) => chosen.get(each) ?? []);
}
