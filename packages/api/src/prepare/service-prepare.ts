import { isIPv6 } from "node:net";
import { isExternallyAccessible } from "../defaults/service-defaults.ts";
import type { Service, ServicePort, ServiceSpec } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { ownCopy, prepareStatus } from "./status-prepare.ts";

const prepareObjectOrStatus = prepareStatus<Service>(() => ({ loadBalancer: {} }));

const needsClusterIp = (spec: ServiceSpec): boolean => spec.type !== "ExternalName";
const needsNodePort = (spec: ServiceSpec): boolean =>
  spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
const needsHealthCheckPort = (spec: ServiceSpec): boolean => spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const portKey = (port: ServicePort): string => `${port.protocol}/${port.port}`;

/** `clusterIP` is the first of `clusterIPs`; clients that know only one of the two set that one. */
function alignClusterIps(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  const { clusterIP = "", clusterIPs = [] } = spec;
  if (old === undefined) {
    if (clusterIP !== "" && clusterIPs.length === 0) spec.clusterIPs = [clusterIP];
    return;
  }
  const changedOne = clusterIP !== (old.clusterIP ?? "");
  const changedList = !same(clusterIPs, old.clusterIPs ?? []);
  if (clusterIP === "" && changedOne && !changedList) delete spec.clusterIPs;
  else if (changedOne && !changedList) spec.clusterIPs = [clusterIP];
}

/** What the server has given stays, unless the client asks for something else. */
function keepGivenValues(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIp(old) && needsClusterIp(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if ((spec.clusterIPs ?? []).length === 0 && spec.clusterIP === old.clusterIP && old.clusterIPs) spec.clusterIPs = [...old.clusterIPs];
    spec.ipFamilyPolicy ??= old.ipFamilyPolicy;
    if (spec.ipFamilyPolicy === undefined) delete spec.ipFamilyPolicy;
    if ((spec.ipFamilies ?? []).length === 0 && old.ipFamilies) spec.ipFamilies = [...old.ipFamilies];
  }
  if (needsNodePort(old) && needsNodePort(spec)) {
    const given = new Map((old.ports ?? []).map((port) => [portKey(port), port.nodePort]));
    const used = new Set((spec.ports ?? []).map((port) => port.nodePort).filter(Boolean));
    for (const port of spec.ports ?? []) {
      const nodePort = given.get(portKey(port));
      if (!port.nodePort && nodePort && !used.has(nodePort)) {
        port.nodePort = nodePort;
        used.add(nodePort);
      }
    }
  }
  if (needsHealthCheckPort(old) && needsHealthCheckPort(spec)) spec.healthCheckNodePort ||= old.healthCheckNodePort;
  if (!spec.healthCheckNodePort) delete spec.healthCheckNodePort;
}

/** What the old type needed and the new one does not goes, unless the client has just set it. */
function dropForType(spec: ServiceSpec, old: ServiceSpec, service: Service): void {
  if (needsClusterIp(old) && !needsClusterIp(spec)) {
    if (same(spec.clusterIP, old.clusterIP) && same(spec.clusterIPs, old.clusterIPs)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (same(spec.ipFamilyPolicy, old.ipFamilyPolicy)) delete spec.ipFamilyPolicy;
    if (same(spec.ipFamilies, old.ipFamilies)) delete spec.ipFamilies;
    if (same(spec.internalTrafficPolicy, old.internalTrafficPolicy)) delete spec.internalTrafficPolicy;
  }
  const nodePorts = (one: ServiceSpec): unknown => (one.ports ?? []).map((port) => port.nodePort ?? 0);
  if (needsNodePort(old) && !needsNodePort(spec) && same(nodePorts(spec), nodePorts(old))) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(spec) && spec.healthCheckNodePort === old.healthCheckNodePort) {
    delete spec.healthCheckNodePort;
  }
  if (old.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    if (same(spec.allocateLoadBalancerNodePorts, old.allocateLoadBalancerNodePorts)) delete spec.allocateLoadBalancerNodePorts;
    if (same(spec.loadBalancerClass, old.loadBalancerClass)) delete spec.loadBalancerClass;
  }
  if (!isExternallyAccessible(service) && spec.externalTrafficPolicy === old.externalTrafficPolicy) delete spec.externalTrafficPolicy;
}

/** Families of a new Service: those of the addresses that it names, otherwise IPv4 alone. */
function setFamilies(spec: ServiceSpec): void {
  if (!needsClusterIp(spec)) return;
  const headlessWithoutSelector = spec.clusterIP === "None" && Object.keys(spec.selector ?? {}).length === 0;
  const addresses = (spec.clusterIPs ?? []).filter((address) => address !== "None" && address !== "");
  spec.ipFamilyPolicy ??= headlessWithoutSelector && (spec.ipFamilies ?? []).length !== 1 ? "RequireDualStack" : "SingleStack";
  const named: string[] = addresses.length > 0 ? addresses.map((address) => (isIPv6(address) ? "IPv6" : "IPv4")) : ["IPv4"];
  const families = (spec.ipFamilies ?? []).length > 0 ? (spec.ipFamilies ?? []) : named;
  const wantsBoth = headlessWithoutSelector && spec.ipFamilyPolicy === "RequireDualStack" && families.length === 1;
  spec.ipFamilies = wantsBoth ? [...families, families[0] === "IPv4" ? "IPv6" : "IPv4"] : families;
}

/** What clients may not set on Services, and what an update keeps or loses. Addresses and ports are given later. */
export function prepareService(service: Service, old: Service | undefined, context: WriteContext): void {
  prepareObjectOrStatus(service, old, context);
  if (context.subresource !== undefined) return;
  const spec = (service.spec ??= {});
  const before = old?.spec === undefined ? undefined : ownCopy(old.spec);
  if (before !== undefined) keepGivenValues(spec, before);
  alignClusterIps(spec, before);
  if (before !== undefined) dropForType(spec, before, service);
  setFamilies(spec);
  if (old !== undefined && spec.type !== "LoadBalancer") service.status = { ...service.status, loadBalancer: {} };
}
