import {
  ipFamily,
  semanticEqual,
  type EndpointAddress,
  type EndpointPort,
  type Endpoints,
  type EndpointSubset,
  type Pod,
  type Service,
} from "@skiff/api";
import { isPodReady } from "../pods/pod-state.ts";
import { endpointHostname, HEADLESS_LABEL, isHeadless, mayServe, targetPortOf } from "../services/service-pods.ts";

/** More addresses than this are cut off, and the object says so. */
const MAX_ADDRESSES = 1000;
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";
const MANAGED_BY = "endpoints.kubernetes.io/managed-by";

/** What there is to know about the Endpoints of one name. */
export interface ObservedEndpoints {
  readonly service: Service | undefined;
  /** Those that the selector picks. */
  readonly pods: readonly Pod[];
  readonly endpoints: Endpoints | undefined;
}

/** What to do: at most one write. */
export type EndpointsPlan =
  | { readonly action: "none" }
  | { readonly action: "create" | "update"; readonly endpoints: Endpoints }
  | { readonly action: "delete"; readonly endpoints: Endpoints };

/** Keeps the Endpoints of a Service with a selector equal to its Pods; those without one belong to their users. */
export function planEndpoints({ service, pods, endpoints }: ObservedEndpoints): EndpointsPlan {
  if (service === undefined) return endpoints === undefined ? { action: "none" } : { action: "delete", endpoints };
  if (service.spec?.selector === undefined || service.spec.type === "ExternalName") return { action: "none" };
  const { subsets, isCut } = limited(subsetsOf(service, pods));
  const labels: Record<string, string> = { ...service.metadata?.labels, [MANAGED_BY]: "endpoint-controller" };
  if (isHeadless(service)) labels[HEADLESS_LABEL] = "";
  else delete labels[HEADLESS_LABEL];
  const { [OVER_CAPACITY]: _before, ...kept } = endpoints?.metadata?.annotations ?? {};
  const annotations = isCut ? { ...kept, [OVER_CAPACITY]: "truncated" } : kept;
  const { name, namespace } = service.metadata ?? {};
  const next: Endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...endpoints?.metadata, name, namespace, labels, annotations },
    ...(subsets.length > 0 ? { subsets: [...subsets] } : {}),
  };
  if (endpoints === undefined) return { action: "create", endpoints: next };
  const isSame =
    semanticEqual(endpoints.subsets, next.subsets) &&
    semanticEqual(endpoints.metadata?.labels, labels) &&
    semanticEqual(endpoints.metadata?.annotations, annotations);
  return isSame ? { action: "none" } : { action: "update", endpoints: next };
}

/** The addresses of equal port numbers together, in an order that depends on nothing but their values. */
function subsetsOf(service: Service, pods: readonly Pod[]): readonly EndpointSubset[] {
  const publishAll = service.spec?.publishNotReadyAddresses ?? false;
  const groups = new Map<
    string,
    { readonly ports: EndpointPort[]; readonly ready: EndpointAddress[]; readonly notReady: EndpointAddress[] }
  >();
  for (const pod of pods) {
    const address = mayServe(pod, publishAll) ? addressOf(service, pod) : undefined;
    const ports = address && portsOf(service, pod);
    if (address === undefined || ports === undefined) continue;
    const key = JSON.stringify(ports);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { ports, ready: [], notReady: [] }));
    (publishAll || isPodReady(pod) ? group.ready : group.notReady).push(address);
  }
  return [...groups]
    .sort(([a], [b]) => compare(a, b))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length > 0 ? { addresses: ready.sort(byAddress) } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady.sort(byAddress) } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    }));
}

function portsOf(service: Service, pod: Pod): EndpointPort[] | undefined {
  const wanted = service.spec?.ports ?? [];
  if (wanted.length === 0) return isHeadless(service) ? [] : undefined;
  const ports: EndpointPort[] = [];
  for (const port of wanted) {
    const target = targetPortOf(pod, port);
    if (target === undefined) continue;
    const { name, protocol = "TCP", appProtocol } = port;
    ports.push({ ...(name ? { name } : {}), port: target, protocol, ...(appProtocol ? { appProtocol } : {}) });
  }
  return ports.length > 0 ? ports.sort((a, b) => compare(a.name ?? "", b.name ?? "") || a.port - b.port) : undefined;
}

/** Endpoints know one family: the first of the Service. */
function addressOf(service: Service, pod: Pod): EndpointAddress | undefined {
  const family = service.spec?.ipFamilies?.[0];
  const ips = pod.status?.podIPs?.map(({ ip }) => ip) ?? [pod.status?.podIP ?? ""];
  const ip = ips.find((candidate) => family === undefined || ipFamily(candidate) === family);
  if (!ip) return undefined;
  const { namespace, name, uid } = pod.metadata ?? {};
  const hostname = endpointHostname(pod, service);
  return {
    ip,
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(hostname ? { hostname } : {}),
  };
}

/** Cuts to the limit, ready addresses first. */
function limited(subsets: readonly EndpointSubset[]): { readonly subsets: readonly EndpointSubset[]; readonly isCut: boolean } {
  const count = (list: EndpointAddress[] | undefined): number => list?.length ?? 0;
  const total = subsets.reduce((sum, { addresses, notReadyAddresses }) => sum + count(addresses) + count(notReadyAddresses), 0);
  if (total <= MAX_ADDRESSES) return { subsets, isCut: false };
  let room = MAX_ADDRESSES;
  const take = (list: EndpointAddress[] | undefined): EndpointAddress[] => {
    const taken = (list ?? []).slice(0, room);
    room -= taken.length;
    return taken;
  };
  const ready = subsets.map(({ addresses }) => take(addresses));
  const notReady = subsets.map(({ notReadyAddresses }) => take(notReadyAddresses));
  const cut = subsets.map(({ ports }, index) => ({
    ...(ready[index]?.length ? { addresses: ready[index] } : {}),
    ...(notReady[index]?.length ? { notReadyAddresses: notReady[index] } : {}),
    ports,
  }));
  return { subsets: cut.filter(({ addresses, notReadyAddresses }) => addresses ?? notReadyAddresses), isCut: true };
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  return compare(a.ip, b.ip) || compare(a.targetRef?.uid ?? "", b.targetRef?.uid ?? "");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
