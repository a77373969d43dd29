import type {
  Endpoints,
  EndpointSlice,
  Ingress,
  IngressClass,
  IPAddress,
  NetworkPolicy,
  Service,
  ServiceCIDR,
} from "../generated/types.ts";
import type { Column } from "../kind.ts";
import { ageColumn, clipped, labelsText, NONE, selectorText, textColumn } from "./common-columns.ts";

/** Longer lists of balancer addresses are cut. */
const BALANCER_WIDTH = 16;

function balancerText(ingress: readonly { ip?: string; hostname?: string }[] | undefined): string {
  const names = [...new Set((ingress ?? []).map((one) => one.ip || one.hostname || ""))].filter(Boolean).sort().join(",");
  return names.length > BALANCER_WIDTH ? `${names.slice(0, BALANCER_WIDTH - 3)}...` : names;
}

function externalIp({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case "ClusterIP":
    case "NodePort":
      return external.join(",") || NONE;
    case "LoadBalancer": {
      const given = balancerText(status?.loadBalancer?.ingress);
      return [...(given ? [given] : []), ...external].join(",") || "<pending>";
    }
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}

function portsText({ spec }: Service): string {
  const ports = (spec?.ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`);
  return ports.join(",") || NONE;
}

/** What `kubectl get services` shows. */
export const serviceColumns: readonly Column<Service>[] = [
  textColumn("Type", "type determines how the Service is exposed.", ({ spec }) => spec?.type),
  textColumn(
    "Cluster-IP",
    "clusterIP is the IP address of the service and is usually assigned randomly.",
    ({ spec }) => spec?.clusterIPs?.[0] || spec?.clusterIP || NONE,
  ),
  textColumn(
    "External-IP",
    "externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.",
    externalIp,
  ),
  textColumn("Port(s)", "The list of ports that are exposed by this service.", portsText),
  ageColumn,
  textColumn(
    "Selector",
    "Route service traffic to pods with label keys and values matching this selector.",
    ({ spec }) => labelsText(spec?.selector),
    1,
  ),
];

/** An address and a port, IPv6 in brackets. */
function hostPort(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function endpointsText({ subsets }: Endpoints): string {
  const list = (subsets ?? []).flatMap(({ addresses = [], ports = [] }) => {
    // Headless services without ports still have addresses.
    if (ports.length === 0) return addresses.map(({ ip }) => ip);
    return ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port)));
  });
  return clipped(list);
}

/** What `kubectl get endpoints` shows. */
export const endpointsColumns: readonly Column<Endpoints>[] = [
  textColumn("Endpoints", "The set of all endpoints is the union of all subsets.", endpointsText),
  ageColumn,
];

/** What `kubectl get endpointslices` shows. */
export const endpointSliceColumns: readonly Column<EndpointSlice>[] = [
  textColumn("AddressType", "addressType specifies the type of address carried by this EndpointSlice.", ({ addressType }) => addressType),
  textColumn("Ports", "ports specifies the list of network ports exposed by each endpoint in this slice.", ({ ports }) =>
    clipped(
      (ports ?? []).map(({ port }) => (port === undefined ? "*" : `${port}`)),
      3,
      "<unset>",
    ),
  ),
  textColumn("Endpoints", "endpoints is a list of unique endpoints in this slice.", ({ endpoints }) =>
    clipped(
      (endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
      3,
      "<unset>",
    ),
  ),
  ageColumn,
];

function hostsText({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const hosts = rules.slice(0, 3).flatMap(({ host }) => (host ? [host] : []));
  if (hosts.length === 0) return "*";
  return rules.length > 3 && hosts.length === 3 ? `${hosts.join(",")} + ${rules.length - 3} more...` : hosts.join(",");
}

/** What `kubectl get ingresses` shows. */
export const ingressColumns: readonly Column<Ingress>[] = [
  textColumn(
    "Class",
    "The name of the IngressClass resource that should be used for routing this Ingress.",
    ({ spec, metadata }) => spec?.ingressClassName ?? metadata?.annotations?.["kubernetes.io/ingress.class"] ?? NONE,
  ),
  textColumn("Hosts", "Hosts that incoming requests are matched against before the ingress rule", hostsText),
  textColumn("Address", "Address is a list containing ingress points for the load-balancer", ({ status }) =>
    balancerText(status?.loadBalancer?.ingress),
  ),
  textColumn("Ports", "Ports of TLS configurations that open", ({ spec }) => ((spec?.tls ?? []).length > 0 ? "80, 443" : "80")),
  ageColumn,
];

/** What `kubectl get ingressclasses` shows. */
export const ingressClassColumns: readonly Column<IngressClass>[] = [
  textColumn("Controller", "Controller that is responsible for handling this class", ({ spec }) => spec?.controller),
  textColumn("Parameters", "A reference to a resource with additional parameters", ({ spec }) => {
    const { kind, apiGroup, name } = spec?.parameters ?? {};
    return kind === undefined ? NONE : `${kind}${apiGroup ? `.${apiGroup}` : ""}/${name}`;
  }),
  ageColumn,
];

/** What `kubectl get networkpolicies` shows. */
export const networkPolicyColumns: readonly Column<NetworkPolicy>[] = [
  textColumn("Pod-Selector", "podSelector selects the pods to which this NetworkPolicy object applies.", ({ spec }) =>
    selectorText(spec?.podSelector ?? {}),
  ),
  ageColumn,
];

/** What `kubectl get ipaddresses` shows. */
export const ipAddressColumns: readonly Column<IPAddress>[] = [
  textColumn("ParentRef", "ParentRef references the resource that an IPAddress is attached to.", ({ spec }) => {
    const { group, resource, namespace, name } = spec?.parentRef ?? {};
    const type = group ? `${resource}.${group}` : resource;
    return [type, namespace, name].filter(Boolean).join("/");
  }),
  ageColumn,
];

/** What `kubectl get servicecidrs` shows. */
export const serviceCidrColumns: readonly Column<ServiceCIDR>[] = [
  textColumn("CIDRs", "CIDRs defines the IP blocks from which to assign service cluster IPs.", ({ spec }) => (spec?.cidrs ?? []).join(",")),
  ageColumn,
];
