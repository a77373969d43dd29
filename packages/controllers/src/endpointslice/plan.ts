import {
  ipFamily,
  serviceKind,
  type DiscoveryEndpointPort,
  type Endpoint,
  type EndpointSlice,
  type Node,
  type Pod,
  type Service,
} from "@skiff/api";
import { controllerRefTo } from "@skiff/controller-kit";
import { isPodReady } from "../pods/pod-state.ts";
import { endpointHostname, HEADLESS_LABEL, isHeadless, mayServe, targetPortOf } from "../services/service-pods.ts";
import { MANAGED_BY_LABEL, planSlices, SERVICE_NAME_LABEL, type EndpointGroup, type SlicesPlan } from "./slices.ts";

/** The value of the managed-by label on slices that this controller keeps. */
export const ENDPOINT_SLICE_CONTROLLER = "endpointslice-controller.k8s.io";
const MAX_ENDPOINTS = 100;
const ZONE_LABEL = "topology.kubernetes.io/zone";

/** What there is to know about the slices of one Service with a selector. */
export interface ObservedSlices {
  readonly service: Service;
  /** Those that the selector picks. */
  readonly pods: readonly Pod[];
  readonly slices: readonly EndpointSlice[];
  readonly node: (name: string) => Node | undefined;
}

/** The writes that make the slices of a Service show its Pods. */
export function planEndpointSlices({ service, pods, slices, node }: ObservedSlices): SlicesPlan {
  if (service.metadata?.deletionTimestamp !== undefined) return { create: [], update: [], delete: [] };
  const groups: EndpointGroup[] = [];
  for (const family of familiesOf(service, pods)) groups.push(...groupsOf(service, pods, family, node));
  const { name = "", namespace = "", labels: serviceLabels = {} } = service.metadata ?? {};
  const labels: Record<string, string> = { ...serviceLabels, [SERVICE_NAME_LABEL]: name, [MANAGED_BY_LABEL]: ENDPOINT_SLICE_CONTROLLER };
  delete labels[HEADLESS_LABEL];
  if (isHeadless(service)) labels[HEADLESS_LABEL] = "";
  return planSlices(groups, slices, {
    namespace,
    generateName: `${name}-`,
    labels,
    annotations: {},
    owner: controllerRefTo(serviceKind, service),
    maxEndpoints: MAX_ENDPOINTS,
  });
}

/** The families of the Service; one that says nothing has those of its address, or of its Pods. */
function familiesOf(service: Service, pods: readonly Pod[]): readonly string[] {
  const { ipFamilies = [], clusterIP } = service.spec ?? {};
  if (ipFamilies.length > 0) return ipFamilies;
  if (clusterIP && clusterIP !== "None") return [ipFamily(clusterIP) ?? "IPv4"];
  const seen = new Set(pods.flatMap((pod) => addressesOf(pod)).map((ip) => ipFamily(ip) ?? "IPv4"));
  return seen.size > 0 ? [...seen].sort() : ["IPv4"];
}

function addressesOf({ status }: Pod): readonly string[] {
  return status?.podIPs?.map(({ ip }) => ip) ?? (status?.podIP ? [status.podIP] : []);
}

function groupsOf(service: Service, pods: readonly Pod[], family: string, node: ObservedSlices["node"]): readonly EndpointGroup[] {
  const groups = new Map<
    string,
    { readonly addressType: string; readonly ports: readonly DiscoveryEndpointPort[]; readonly endpoints: Endpoint[] }
  >();
  for (const pod of pods) {
    const ip = mayServe(pod, true) ? addressesOf(pod).find((address) => ipFamily(address) === family) : undefined;
    if (ip === undefined) continue;
    const ports = portsOf(service, pod);
    const key = JSON.stringify(ports);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { addressType: family, ports, endpoints: [] }));
    group.endpoints.push(endpointOf(service, pod, ip, node));
  }
  return groups.size > 0 ? [...groups.values()] : [{ addressType: family, ports: [], endpoints: [] }];
}

function portsOf(service: Service, pod: Pod): readonly DiscoveryEndpointPort[] {
  const ports: DiscoveryEndpointPort[] = [];
  for (const port of service.spec?.ports ?? []) {
    const target = targetPortOf(pod, port);
    if (target === undefined) continue;
    const { name = "", protocol = "TCP", appProtocol } = port;
    ports.push({ name, port: target, protocol, ...(appProtocol ? { appProtocol } : {}) });
  }
  return ports;
}

function endpointOf(service: Service, pod: Pod, ip: string, node: ObservedSlices["node"]): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata?.deletionTimestamp !== undefined;
  const ready = (service.spec?.publishNotReadyAddresses ?? false) || (serving && !terminating);
  const { nodeName } = pod.spec ?? {};
  const zone = nodeName ? node(nodeName)?.metadata?.labels?.[ZONE_LABEL] : undefined;
  const { namespace, name, uid } = pod.metadata ?? {};
  const hostname = endpointHostname(pod, service);
  const hints = ready ? hintsOf(service, nodeName, zone) : undefined;
  return {
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(hints ? { hints } : {}),
  };
}

/** Whom the endpoint is meant for, by the Service's `trafficDistribution` (KEP-3015). */
function hintsOf(service: Service, nodeName: string | undefined, zone: string | undefined): Endpoint["hints"] {
  const distribution = service.spec?.trafficDistribution;
  if (distribution === undefined) return undefined;
  const forZones = zone ? { forZones: [{ name: zone }] } : undefined;
  if (distribution === "PreferSameNode") return nodeName ? { forNodes: [{ name: nodeName }], ...forZones } : forZones;
  return forZones;
}
