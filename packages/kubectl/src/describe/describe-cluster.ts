import {
  podLimits,
  podRequests,
  Quantity,
  tryParseQuantity,
  ageSince,
  type ConfigMap,
  type EndpointSlice,
  type KubeList,
  type Namespace,
  type Node,
  type Pod,
  type ResourceQuota,
  type Secret,
  type Service,
} from "@skiff/api";
import type { SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";
import { describedTime, type Description } from "./description.ts";

/** `describe node`. */
export async function describeNode(out: Description, session: Session, { object }: SelectedObject): Promise<void> {
  const { metadata = {}, spec = {}, status = {} } = object as Node;
  out.field(0, "Name", metadata.name ?? "");
  const roles = Object.keys(metadata.labels ?? {})
    .filter((label) => label.startsWith("node-role.kubernetes.io/"))
    .map((label) => label.slice("node-role.kubernetes.io/".length));
  out.field(0, "Roles", roles.sort().join(",") || "<none>");
  out.pairs("Labels", metadata.labels);
  out.annotations(metadata.annotations);
  out.field(0, "CreationTimestamp", describedTime(metadata.creationTimestamp));
  const taints = (spec.taints ?? []).map(({ key, value, effect }) => `${key}${value ? `=${value}` : ""}:${effect}`);
  out.field(0, "Taints", taints.length === 0 ? "<none>" : taints.join("\n\t"));
  out.field(0, "Unschedulable", spec.unschedulable ?? false);
  await describeLease(out, session, metadata.name ?? "");
  if ((status.conditions ?? []).length > 0) {
    out.line(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for (const { type, status: value, lastHeartbeatTime, lastTransitionTime, reason, message } of status.conditions ?? []) {
      out.line(
        1,
        `${type} \t${value} \t${describedTime(lastHeartbeatTime)} \t${describedTime(lastTransitionTime)} \t${reason ?? ""} \t${message ?? ""}`,
      );
    }
  }
  out.line(0, "Addresses:");
  for (const { type, address } of status.addresses ?? []) out.line(1, `${type}:\t${address}`);
  for (const [title, amounts] of [
    ["Capacity", status.capacity],
    ["Allocatable", status.allocatable],
  ] as const) {
    const entries = Object.entries(amounts ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length > 0) out.line(0, `${title}:`);
    for (const [name, amount] of entries) out.line(1, `${name}:\t${amount}`);
  }
  const info = status.nodeInfo;
  out.line(0, "System Info:");
  out.field(1, "Machine ID", info?.machineID ?? "");
  out.field(1, "System UUID", info?.systemUUID ?? "");
  out.field(1, "Boot ID", info?.bootID ?? "");
  out.field(1, "Kernel Version", info?.kernelVersion ?? "");
  out.field(1, "OS Image", info?.osImage ?? "");
  out.field(1, "Operating System", info?.operatingSystem ?? "");
  out.field(1, "Architecture", info?.architecture ?? "");
  out.field(1, "Container Runtime Version", info?.containerRuntimeVersion ?? "");
  out.field(1, "Kubelet Version", info?.kubeletVersion ?? "");
  if (info?.kubeProxyVersion) out.field(1, "Kube-Proxy Version", info.kubeProxyVersion);
  if (spec.podCIDR) out.field(0, "PodCIDR", spec.podCIDR);
  if ((spec.podCIDRs ?? []).length > 0) out.field(0, "PodCIDRs", (spec.podCIDRs ?? []).join(","));
  if (spec.providerID) out.field(0, "ProviderID", spec.providerID);
  await describeNodePods(out, session, object as Node);
}

async function describeLease(out: Description, session: Session, name: string): Promise<void> {
  const mapper = await session.mapper();
  try {
    const lease = await session.get(await mapper.byKind("coordination.k8s.io/v1", "Lease"), "kube-node-lease", name);
    const { holderIdentity, acquireTime, renewTime } =
      (lease as unknown as { spec?: { holderIdentity?: string; acquireTime?: string; renewTime?: string } }).spec ?? {};
    out.line(0, "Lease:");
    out.field(1, "HolderIdentity", holderIdentity ?? "<unset>");
    out.field(1, "AcquireTime", acquireTime ? describedTime(acquireTime) : "<unset>");
    out.field(1, "RenewTime", renewTime ? describedTime(renewTime) : "<unset>");
  } catch (error) {
    out.line(0, `Lease:\tFailed to get lease: ${(error as Error).message}`);
  }
}

/** `100m (5%)` of what the node can give. */
function share(amount: Quantity | undefined, total: string | undefined): string {
  const whole = tryParseQuantity(total)?.toNumber() ?? 0;
  const part = amount ?? Quantity.zero;
  return `${part.toString()} (${whole === 0 ? 0 : Math.trunc((part.toNumber() / whole) * 100)}%)`;
}

async function describeNodePods(out: Description, session: Session, node: Node): Promise<void> {
  const mapper = await session.mapper();
  const fieldSelector = `spec.nodeName=${node.metadata?.name ?? ""},status.phase!=Failed,status.phase!=Succeeded`;
  const { items } = (await session.request(await mapper.byKind("v1", "Pod"), {}, { query: { fieldSelector } })) as KubeList<Pod>;
  const allocatable = node.status?.allocatable ?? node.status?.capacity ?? {};
  const pods = [...items].sort((a, b) =>
    `${a.metadata?.namespace}/${a.metadata?.name}`.localeCompare(`${b.metadata?.namespace}/${b.metadata?.name}`),
  );
  out.line(0, `Non-terminated Pods:\t(${pods.length} in total)`);
  out.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
  out.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
  const sums = { requests: new Map<string, Quantity>(), limits: new Map<string, Quantity>() };
  for (const pod of pods) {
    const [requests, limits] = [podRequests(pod), podLimits(pod)];
    for (const [into, amounts] of [
      [sums.requests, requests],
      [sums.limits, limits],
    ] as const) {
      for (const [name, amount] of amounts) into.set(name, (into.get(name) ?? Quantity.zero).add(amount));
    }
    const cells = [
      share(requests.get("cpu"), allocatable.cpu),
      share(limits.get("cpu"), allocatable.cpu),
      share(requests.get("memory"), allocatable.memory),
      share(limits.get("memory"), allocatable.memory),
    ];
    const age = ageSince(pod.metadata?.creationTimestamp, session.io.host.clock.now());
    out.line(1, `${pod.metadata?.namespace ?? ""}\t${pod.metadata?.name ?? ""}\t\t${cells.join("\t")}\t${age}`);
  }
  out.line(
    0,
    "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n  Resource\tRequests\tLimits\n  --------\t--------\t------",
  );
  for (const name of ["cpu", "memory", "ephemeral-storage"])
    out.line(1, `${name}\t${share(sums.requests.get(name), allocatable[name])}\t${share(sums.limits.get(name), allocatable[name])}`);
  for (const name of Object.keys(allocatable).filter(
    (name) => name.startsWith("hugepages-") || (name.includes("/") && !name.startsWith("kubernetes.io/")),
  )) {
    out.line(
      1,
      `${name}\t${(sums.requests.get(name) ?? Quantity.zero).toString()}${name.startsWith("hugepages-") ? " (0%)" : ""}\t${(sums.limits.get(name) ?? Quantity.zero).toString()}${name.startsWith("hugepages-") ? " (0%)" : ""}`,
    );
  }
}

/** `describe service`. */
export async function describeService(out: Description, session: Session, { object, namespace }: SelectedObject): Promise<void> {
  const { metadata = {}, spec = {}, status = {} } = object as Service;
  out.metadata(object, true);
  const selector = Object.entries(spec.selector ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  out.field(0, "Selector", selector.map(([key, value]) => `${key}=${value}`).join(",") || "<none>");
  out.field(0, "Type", spec.type ?? "");
  if (spec.ipFamilyPolicy) out.field(0, "IP Family Policy", spec.ipFamilyPolicy);
  if ((spec.ipFamilies ?? []).length > 0) out.field(0, "IP Families", (spec.ipFamilies ?? []).join(","));
  out.field(0, "IP", spec.clusterIP ?? "");
  if ((spec.clusterIPs ?? []).length > 0) out.field(0, "IPs", (spec.clusterIPs ?? []).join(","));
  if ((spec.externalIPs ?? []).length > 0) out.field(0, "External IPs", (spec.externalIPs ?? []).join(","));
  if (spec.externalName) out.field(0, "External Name", spec.externalName);
  if (spec.loadBalancerIP) out.field(0, "Desired LoadBalancer IP", spec.loadBalancerIP);
  const ingress = status.loadBalancer?.ingress ?? [];
  if (ingress.length > 0)
    out.field(
      0,
      "LoadBalancer Ingress",
      ingress.map(({ ip, hostname, ipMode }) => `${ip ?? hostname ?? ""}${ip && ipMode ? ` (${ipMode})` : ""}`).join(", "),
    );
  const mapper = await session.mapper();
  const slices = (await session.request(
    await mapper.byKind("discovery.k8s.io/v1", "EndpointSlice"),
    { namespace },
    { query: { labelSelector: `kubernetes.io/service-name=${metadata.name ?? ""}` } },
  )) as KubeList<EndpointSlice>;
  for (const port of spec.ports ?? []) {
    out.field(0, "Port", `${port.name || "<unset>"}\t${port.port}/${port.protocol ?? "TCP"}`);
    out.field(0, "TargetPort", `${port.targetPort ?? port.port}/${port.protocol ?? "TCP"}`);
    if (port.nodePort) out.field(0, "NodePort", `${port.name || "<unset>"}\t${port.nodePort}/${port.protocol ?? "TCP"}`);
    out.field(0, "Endpoints", endpointsText(slices.items, port.name ?? ""));
  }
  out.field(0, "Session Affinity", spec.sessionAffinity ?? "");
  if (spec.externalTrafficPolicy) out.field(0, "External Traffic Policy", spec.externalTrafficPolicy);
  if (spec.internalTrafficPolicy) out.field(0, "Internal Traffic Policy", spec.internalTrafficPolicy);
  if (spec.trafficDistribution) out.field(0, "Traffic Distribution", spec.trafficDistribution);
  if (spec.healthCheckNodePort) out.field(0, "HealthCheck NodePort", spec.healthCheckNodePort);
}

/** How many endpoints are named before the rest is only counted. */
const MAX_ENDPOINTS = 3;

function endpointsText(slices: readonly EndpointSlice[], portName: string): string {
  const found = slices.flatMap(({ ports, endpoints }) =>
    (ports ?? [])
      .filter(({ name }) => (name ?? "") === portName)
      .flatMap(({ port }) =>
        (endpoints ?? [])
          .filter(({ conditions }) => conditions?.ready !== false)
          .flatMap(({ addresses }) => addresses.map((address) => `${address.includes(":") ? `[${address}]` : address}:${port}`)),
      ),
  );
  const shown = found.slice(0, MAX_ENDPOINTS).join(",");
  if (found.length === 0) return "<none>";
  return found.length > MAX_ENDPOINTS ? `${shown} + ${found.length - MAX_ENDPOINTS} more...` : shown;
}

/** `describe namespace`. */
export async function describeNamespace(out: Description, session: Session, { object, name }: SelectedObject): Promise<void> {
  const { status } = object as unknown as Namespace;
  out.field(0, "Name", name);
  out.pairs("Labels", object.metadata?.labels);
  out.annotations(object.metadata?.annotations);
  out.field(0, "Status", status?.phase ?? "");
  const mapper = await session.mapper();
  const quotas = (await session.request(await mapper.byKind("v1", "ResourceQuota"), { namespace: name })) as KubeList<ResourceQuota>;
  if (quotas.items.length === 0) out.line(0, "\nNo resource quota.");
  else out.line(0, "\nResource Quotas");
  for (const quota of quotas.items) {
    out.line(1, `Name:\t${quota.metadata?.name ?? ""}`);
    out.line(1, "Resource\tUsed\tHard");
    out.line(1, "--------\t---\t---");
    for (const [resource, hard] of Object.entries(quota.status?.hard ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
      out.line(1, `${resource}\t${quota.status?.used?.[resource] ?? "0"}\t${hard}`);
  }
  const limits = (await session.request(await mapper.byKind("v1", "LimitRange"), { namespace: name })) as KubeList<{
    metadata?: { name?: string };
  }>;
  out.line(
    0,
    limits.items.length === 0
      ? "\nNo LimitRange resource."
      : `\nResource Limits: ${limits.items.map(({ metadata }) => metadata?.name ?? "").join(", ")}`,
  );
}

/** `describe configmap`. */
export function describeConfigMap(out: Description, { object }: SelectedObject): void {
  const { data = {}, binaryData = {} } = object as ConfigMap;
  out.metadata(object, true);
  out.line(0, "\nData\n====");
  for (const [key, value] of Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))) out.line(0, `${key}:\n----\n${value}\n`);
  out.line(0, "\nBinaryData\n====");
  for (const [key, value] of Object.entries(binaryData).sort(([a], [b]) => (a < b ? -1 : 1)))
    out.line(0, `${key}: ${Buffer.from(value, "base64").length} bytes`);
  out.line(0, "");
}

/** `describe secret`: the sizes of its values, never the values. */
export function describeSecret(out: Description, { object }: SelectedObject): void {
  const { data = {}, type = "" } = object as Secret;
  out.metadata(object, true);
  out.line(0, `\nType:\t${type}`);
  out.line(0, "\nData\n====");
  for (const [key, value] of Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bytes = Buffer.from(value, "base64");
    const shown = type === "kubernetes.io/service-account-token" && key === "token" ? bytes.toString("utf8") : `${bytes.length} bytes`;
    out.line(0, `${key}:\t${shown}`);
  }
}
