import {
  endpointSliceKind,
  endpointsKind,
  ipFamily,
  semanticEqual,
  serviceKind,
  type Endpoints,
  type EndpointSlice,
  type Service,
} from "@skiff/api";
import type { Client } from "@skiff/client";
import { AddressRange } from "../services/address-range.ts";
import { ensureObject } from "./ensure-object.ts";

const NAME = "kubernetes";
const NAMESPACE = "default";
const SERVICE_PORT = 443;
const DEFAULT_SECURE_PORT = 6443;

/** Where Pods reach the API servers. */
export interface AdvertisedServers {
  /** Addresses that are neither loopback nor link-local; all of one family. */
  readonly addresses: readonly string[];
  readonly port: number;
}

/** The address of the Service `default/kubernetes`: the first of the range. */
function kubernetesServiceIp(serviceRange: string): string {
  return new AddressRange(serviceRange).address(0);
}

/** Creates the Service `default/kubernetes`, or puts its ports right. */
export async function ensureKubernetesService(client: Client, serviceRange: string, servers: AdvertisedServers | undefined): Promise<void> {
  const clusterIP = kubernetesServiceIp(serviceRange);
  const ports = [{ name: "https", port: SERVICE_PORT, protocol: "TCP", targetPort: servers?.port ?? DEFAULT_SECURE_PORT }];
  const wanted: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: NAME, namespace: NAMESPACE, labels: { provider: NAME, component: "apiserver" } },
    spec: { clusterIP, ports, type: "ClusterIP", sessionAffinity: "None" },
  };
  await ensureObject(client, serviceKind, wanted, (existing) =>
    semanticEqual(existing.spec?.ports, ports) ? undefined : { ...existing, spec: { ...existing.spec, ports } },
  );
}

/** Makes the endpoints of `default/kubernetes` exactly these servers. Does nothing when they are right. */
export async function ensureKubernetesEndpoints(client: Client, servers: AdvertisedServers): Promise<void> {
  const ips = [...servers.addresses].sort();
  const ports = [{ name: "https", port: servers.port, protocol: "TCP" }];
  const subsets = [{ addresses: ips.map((ip) => ({ ip })), ports }];
  const endpoints: Endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    // The slice below is made here as well, so nobody else is to derive one.
    metadata: { name: NAME, namespace: NAMESPACE, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets,
  };
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: NAME, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": NAME } },
    addressType: ips[0] === undefined ? "IPv4" : (ipFamily(ips[0]) ?? "IPv4"),
    endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
    ports,
  };
  await ensureObject(client, endpointsKind, endpoints, (existing) =>
    semanticEqual(existing.subsets, subsets) ? undefined : { ...existing, subsets },
  );
  await ensureObject(client, endpointSliceKind, slice, (existing) =>
    semanticEqual(existing.endpoints, slice.endpoints) && semanticEqual(existing.ports, ports)
      ? undefined
      : { ...existing, endpoints: slice.endpoints, ports },
  );
}
