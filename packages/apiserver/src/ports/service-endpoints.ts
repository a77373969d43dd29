import { statusError, type EndpointSlice, type Resource, type Service } from "@skiff/api";
import type { ObjectReader } from "../object-reader.ts";

const ENDPOINT_SLICES: Resource<EndpointSlice> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
};

/** Where one endpoint of a Service listens. */
interface ServiceEndpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * The ready endpoints behind one port of a Service: `port` is a port's name, its number, or empty for the port without a
 * name.
 *
 * Errors: `ServiceUnavailable` when the Service has no port of that number.
 */
export function serviceEndpoints(reader: ObjectReader, service: Service, port: string): ServiceEndpoint[] {
  const { name = "", namespace = "" } = service.metadata ?? {};
  const portName = portNameOf(service, port);
  const found: ServiceEndpoint[] = [];
  for (const slice of reader.list(ENDPOINT_SLICES, namespace)) {
    if (slice.metadata?.labels?.["kubernetes.io/service-name"] !== name) continue;
    const listening = slice.ports?.find((each) => (each.name ?? "") === portName)?.port;
    if (listening === undefined) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const [address] = addresses;
      if (address !== undefined && conditions?.ready !== false) found.push({ address, port: listening });
    }
  }
  return found;
}

/** Slices know ports by their names only. */
function portNameOf(service: Service, port: string): string {
  if (!/^\d+$/.test(port)) return port;
  const found = (service.spec?.ports ?? []).find((each) => each.port === Number(port));
  if (found !== undefined) return found.name ?? "";
  throw statusError("ServiceUnavailable", `no service port ${port} found for service "${service.metadata?.name ?? ""}"`);
}
