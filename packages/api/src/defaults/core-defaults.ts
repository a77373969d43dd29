import type { ConfigMap, Endpoints, LimitRange, LimitRangeItem, Namespace, Node, ResourceQuota, Secret } from "../generated/types.ts";
import { setResourceListDefaults } from "./resource-list-defaults.ts";

/** The label by which a namespace can be selected by its name. */
export const NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name";

/** What a Namespace leaves out, in place. */
export function setNamespaceDefaults(namespace: Namespace): void {
  namespace.spec ??= {};
  namespace.status ??= {};
  namespace.status.phase ||= "Active";
  const name = namespace.metadata?.name;
  if (namespace.metadata && name) namespace.metadata.labels = { ...namespace.metadata.labels, [NAMESPACE_NAME_LABEL]: name };
}

/** What a Secret leaves out, in place; texts given as they are become part of the data. */
export function setSecretDefaults(secret: Secret): void {
  secret.type ||= "Opaque";
  if (secret.stringData === undefined) return;
  const data: Record<string, string> = { ...secret.data };
  for (const [key, text] of Object.entries(secret.stringData ?? {})) data[key] = Buffer.from(text, "utf8").toString("base64");
  if (Object.keys(data).length > 0) secret.data = data;
  delete secret.stringData;
}

/** A ConfigMap leaves nothing out that could be filled; empty data is not shown. */
export function setConfigMapDefaults(configMap: ConfigMap): void {
  if (configMap.data && Object.keys(configMap.data).length === 0) delete configMap.data;
}

/** What an Endpoints object leaves out, in place. */
export function setEndpointsDefaults(endpoints: Endpoints): void {
  for (const subset of endpoints.subsets ?? []) {
    for (const port of subset.ports ?? []) port.protocol ||= "TCP";
  }
}

/** What a Node leaves out, in place: all that it has can be used. */
export function setNodeDefaults(node: Node): void {
  node.spec ??= {};
  node.status ??= {};
  const { status } = node;
  setResourceListDefaults(status.capacity);
  if (status.allocatable === undefined && status.capacity !== undefined) status.allocatable = { ...status.capacity };
  setResourceListDefaults(status.allocatable);
  status.daemonEndpoints ??= { kubeletEndpoint: { Port: 0 } };
  status.nodeInfo ??= {
    machineID: "",
    systemUUID: "",
    bootID: "",
    kernelVersion: "",
    osImage: "",
    containerRuntimeVersion: "",
    kubeletVersion: "",
    kubeProxyVersion: "",
    operatingSystem: "",
    architecture: "",
  };
}

/** For containers: limits default to the maximum, requests to limits, and then to the minimum. */
function setLimitRangeItemDefaults(item: LimitRangeItem): void {
  for (const amounts of [item.default, item.defaultRequest, item.max, item.maxLimitRequestRatio, item.min])
    setResourceListDefaults(amounts);
  if (item.type !== "Container") return;
  const limits = { ...item.max, ...item.default };
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(limits).length > 0) item.default = limits;
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}

/** What a LimitRange leaves out, in place. */
export function setLimitRangeDefaults(limitRange: LimitRange): void {
  limitRange.spec ??= { limits: [] };
  for (const item of limitRange.spec.limits ?? []) setLimitRangeItemDefaults(item);
}

/** Amounts of a ResourceQuota in the form that the API prints. */
export function setResourceQuotaDefaults(quota: ResourceQuota): void {
  quota.spec ??= {};
  quota.status ??= {};
  setResourceListDefaults(quota.spec.hard);
  setResourceListDefaults(quota.status.hard);
  setResourceListDefaults(quota.status.used);
}
