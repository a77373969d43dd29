import type { EndpointSlice, Endpoint, IntOrString, Service, ServicePort } from "@skiff/api";

/** An address that a connection to a Service can be sent to. */
export interface Destination {
  readonly ip: string;
  readonly port: number;
  /** On the node that this proxy serves. */
  readonly local: boolean;
}

/** The transport protocols that Services know, in the words of nftables. */
export type Transport = "tcp" | "udp" | "sctp";

/** One port of one Service with everything that its rules depend on. */
export interface ServiceEntry {
  readonly namespace: string;
  readonly name: string;
  /** Empty for a Service with one port without a name. */
  readonly portName: string;
  readonly transport: Transport;
  readonly port: number;
  readonly clusterIps: readonly string[];
  /** Addresses from outside: `spec.externalIPs`. */
  readonly externalIps: readonly string[];
  /** Addresses of load balancers that send traffic on unchanged (`ipMode: VIP`). */
  readonly loadBalancerIps: readonly string[];
  /** When not empty, only these networks may use the load balancer's addresses. */
  readonly sourceRanges: readonly string[];
  readonly nodePort: number | undefined;
  /** How long a client keeps its destination, in seconds; absent: no affinity. */
  readonly affinitySeconds: number | undefined;
  /** Where connections from Pods and nodes go. */
  readonly internalDestinations: readonly Destination[];
  /** Where connections from outside go. */
  readonly externalDestinations: readonly Destination[];
  /** `externalTrafficPolicy: Local`: connections from outside keep their source address and stay on the node. */
  readonly externalLocal: boolean;
  /** True when the whole cluster has no destination: connections are refused, not dropped. */
  readonly withoutEndpoints: boolean;
}

interface Candidate extends Destination {
  readonly ready: boolean;
  /** Still answering while it shuts down: used when nothing ready is left. */
  readonly draining: boolean;
}

const DEFAULT_AFFINITY_SECONDS = 10_800;

/**
 * For whom Services are looked at: a node by its name, or (`undefined`) the machine beside the nodes of a cluster. That machine
 * plays the load balancer: it leads connections straight to Pods, to all of which it is equally near, and has no node ports.
 */
export type Viewpoint = string | undefined;

/**
 * The entries of all Services, in a stable order: by namespace, name, port.
 *
 * Rules: Services without a cluster address (headless, ExternalName) have none; destinations are the ready endpoints, or
 * when there is none those that still serve while terminating (KEP-1669); traffic policies as in KEP-2086.
 */
export function serviceEntries(services: readonly Service[], slices: readonly EndpointSlice[], nodeName: Viewpoint): ServiceEntry[] {
  const byService = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const service = slice.metadata?.labels?.["kubernetes.io/service-name"];
    if (service === undefined || slice.addressType !== "IPv4") continue;
    const key = `${slice.metadata?.namespace ?? ""}/${service}`;
    const list = byService.get(key);
    if (list === undefined) byService.set(key, [slice]);
    else list.push(slice);
  }
  const entries = services.flatMap((service) => {
    if (!hasClusterIp(service)) return [];
    const own = byService.get(`${service.metadata?.namespace ?? ""}/${service.metadata?.name ?? ""}`) ?? [];
    return (service.spec?.ports ?? []).map((port) => serviceEntry(service, port, own, nodeName));
  });
  return entries.sort((a, b) => compareText(entryKey(a), entryKey(b)));
}

/** `namespace/name/tcp/80`: names an entry. */
export function entryKey(entry: ServiceEntry): string {
  return `${entry.namespace}/${entry.name}/${entry.transport}/${entry.port}`;
}

function hasClusterIp(service: Service): boolean {
  const { clusterIP, type } = service.spec ?? {};
  return type !== "ExternalName" && clusterIP !== undefined && clusterIP !== "" && clusterIP !== "None";
}

function serviceEntry(service: Service, port: ServicePort, slices: readonly EndpointSlice[], nodeName: Viewpoint): ServiceEntry {
  const spec = service.spec ?? {};
  const candidates = slices.flatMap((slice) => candidatesOf(slice, port, nodeName));
  const everywhere = usable(candidates);
  const here = usable(candidates.filter((candidate) => candidate.local));
  const externalLocal = spec.externalTrafficPolicy === "Local";
  return {
    namespace: service.metadata?.namespace ?? "",
    name: service.metadata?.name ?? "",
    portName: port.name ?? "",
    transport: (port.protocol ?? "TCP").toLowerCase() as Transport,
    port: port.port,
    clusterIps: (spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP])).filter(isIpv4),
    externalIps: (spec.externalIPs ?? []).filter(isIpv4),
    loadBalancerIps: loadBalancerIps(service),
    sourceRanges: (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter((range) => isIpv4(range.split("/")[0] ?? "")),
    nodePort: nodeName === undefined || port.nodePort === undefined || port.nodePort === 0 ? undefined : port.nodePort,
    affinitySeconds:
      spec.sessionAffinity === "ClientIP" ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS) : undefined,
    internalDestinations: spec.internalTrafficPolicy === "Local" ? here : everywhere,
    externalDestinations: externalLocal ? here : everywhere,
    externalLocal,
    withoutEndpoints: everywhere.length === 0,
  };
}

function loadBalancerIps(service: Service): string[] {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  return ingress.flatMap(({ ip, ipMode }) => (ip !== undefined && ipMode !== "Proxy" && isIpv4(ip) ? [ip] : []));
}

function candidatesOf(slice: EndpointSlice, servicePort: ServicePort, nodeName: Viewpoint): Candidate[] {
  const port = (slice.ports ?? []).find(
    (candidate) => (candidate.name ?? "") === (servicePort.name ?? "") && (candidate.protocol ?? "TCP") === (servicePort.protocol ?? "TCP"),
  );
  const number = portNumber(port?.port);
  if (number === undefined) return [];
  return (slice.endpoints ?? []).flatMap((endpoint) => candidateOf(endpoint, number, nodeName));
}

function candidateOf(endpoint: Endpoint, port: number, nodeName: Viewpoint): Candidate[] {
  const ip = endpoint.addresses[0];
  if (ip === undefined || !isIpv4(ip)) return [];
  const { ready, serving, terminating } = endpoint.conditions ?? {};
  // An absent `ready` means ready, an absent `serving` is the same as `ready` (API documentation of EndpointConditions).
  const isReady = ready ?? true;
  return [
    {
      ip,
      port,
      local: nodeName === undefined || endpoint.nodeName === nodeName,
      ready: isReady,
      draining: (serving ?? isReady) && terminating === true,
    },
  ];
}

function usable(candidates: readonly Candidate[]): Destination[] {
  const ready = candidates.filter((candidate) => candidate.ready);
  const chosen = ready.length > 0 ? ready : candidates.filter((candidate) => candidate.draining);
  const unique = new Map(chosen.map(({ ip, port, local }) => [`${ip}:${port}`, { ip, port, local }]));
  return [...unique.entries()].sort(([a], [b]) => compareText(a, b)).map(([, destination]) => destination);
}

function portNumber(port: IntOrString | undefined): number | undefined {
  return typeof port === "number" && port > 0 && port < 65_536 ? port : undefined;
}

/** True for an IPv4 address in dotted form, without leading zeros. */
export function isIpv4(text: string): boolean {
  return /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$/.test(text);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
