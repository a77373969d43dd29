import {
  endpointsKind,
  ipFamily,
  type DiscoveryEndpointPort,
  type Endpoint,
  type EndpointAddress,
  type Endpoints,
  type EndpointSlice,
  type EndpointSubset,
  type Service,
} from "@skiff/api";
import { controllerRefTo } from "@skiff/controller-kit";
import { MANAGED_BY_LABEL, planSlices, SERVICE_NAME_LABEL, type EndpointGroup, type SlicesPlan } from "../endpointslice/slices.ts";

/** The value of the managed-by label on slices that this controller keeps. */
export const ENDPOINT_SLICE_MIRRORING_CONTROLLER = "endpointslicemirroring-controller.k8s.io";
/** Endpoints with this label set to `true` are not mirrored. */
const SKIP_MIRROR_LABEL = "endpointslice.kubernetes.io/skip-mirror";
/** Endpoints with this annotation were locks of leader election, never addresses. */
const LEADER_ANNOTATION = "control-plane.alpha.kubernetes.io/leader";
const NOT_COPIED = new Set(["endpoints.kubernetes.io/last-change-trigger-time", "kubectl.kubernetes.io/last-applied-configuration"]);
const MAX_ENDPOINTS_PER_SUBSET = 1000;

/** What there is to know about Endpoints that somebody wrote by hand. */
export interface ObservedMirror {
  readonly endpoints: Endpoints | undefined;
  readonly service: Service | undefined;
  readonly slices: readonly EndpointSlice[];
}

/** Shows hand-written Endpoints of a Service without a selector as slices; slices that mirror nothing go. */
export function planMirroredSlices({ endpoints, service, slices }: ObservedMirror): SlicesPlan {
  const isMirrored =
    endpoints !== undefined &&
    endpoints.metadata?.deletionTimestamp === undefined &&
    endpoints.metadata?.labels?.[SKIP_MIRROR_LABEL] !== "true" &&
    endpoints.metadata?.annotations?.[LEADER_ANNOTATION] === undefined &&
    service !== undefined &&
    service.spec?.selector === undefined;
  if (!isMirrored) return { create: [], update: [], delete: slices };
  const { name = "", namespace = "", labels = {}, annotations = {} } = endpoints.metadata ?? {};
  return planSlices(groupsOf(endpoints.subsets ?? []), slices, {
    namespace,
    generateName: `${name}-`,
    labels: { ...labels, [SERVICE_NAME_LABEL]: name, [MANAGED_BY_LABEL]: ENDPOINT_SLICE_MIRRORING_CONTROLLER },
    annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !NOT_COPIED.has(key))),
    owner: controllerRefTo(endpointsKind, endpoints),
    maxEndpoints: MAX_ENDPOINTS_PER_SUBSET,
  });
}

function groupsOf(subsets: readonly EndpointSubset[]): readonly EndpointGroup[] {
  const groups = new Map<
    string,
    { readonly addressType: string; readonly ports: readonly DiscoveryEndpointPort[]; readonly endpoints: Endpoint[] }
  >();
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ];
    for (const { address, ready } of all.slice(0, MAX_ENDPOINTS_PER_SUBSET)) {
      const addressType = ipFamily(address.ip);
      if (addressType === undefined) continue;
      const key = JSON.stringify([addressType, ports]);
      let group = groups.get(key);
      if (group === undefined)
        groups.set(key, (group = { addressType, ports: ports.map(({ name = "", ...port }) => ({ name, ...port })), endpoints: [] }));
      group.endpoints.push(endpointOf(address, ready));
    }
  }
  return [...groups.values()];
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  };
}
