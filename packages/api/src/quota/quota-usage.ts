import type { PersistentVolumeClaim, Pod, Service } from "../generated/types.ts";
import type { KindDefinition } from "../kind.ts";
import type { KubeObject } from "../object.ts";
import { podLimits, podRequests } from "../pod-resources.ts";
import { parseQuantity, Quantity } from "../quantity.ts";
import { storageClassNameOf } from "../storage/claim-binding.ts";

/** Amounts by the name that quotas use, such as `requests.cpu` or `count/deployments.apps`. */
export type QuotaUsage = Map<string, Quantity>;

const ONE = Quantity.of(1);
/** Kinds that have a name of their own in quotas, from the time before `count/…`. */
const PLAIN_COUNTS = new Set([
  "configmaps",
  "persistentvolumeclaims",
  "pods",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "services",
]);

/** What an object counts for in quotas. */
export function quotaUsageOf(kind: Pick<KindDefinition, "group" | "plural">, object: KubeObject): QuotaUsage {
  const usage: QuotaUsage = new Map();
  usage.set(kind.group === "" ? `count/${kind.plural}` : `count/${kind.plural}.${kind.group}`, ONE);
  if (kind.group !== "") return usage;
  if (kind.plural === "pods") return addPod(usage, object as Pod);
  if (PLAIN_COUNTS.has(kind.plural)) usage.set(kind.plural, ONE);
  if (kind.plural === "services") addService(usage, object as Service);
  if (kind.plural === "persistentvolumeclaims") addClaim(usage, object as PersistentVolumeClaim);
  return usage;
}

/** Pods that have ended hold no resources any more; they still count as objects. */
function addPod(usage: QuotaUsage, pod: Pod): QuotaUsage {
  if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return usage;
  usage.set("pods", ONE);
  for (const [name, amount] of podRequests(pod)) {
    usage.set(`requests.${name}`, amount);
    if (!isExtended(name)) usage.set(name, amount);
  }
  for (const [name, amount] of podLimits(pod)) if (!isExtended(name) && !name.startsWith("hugepages-")) usage.set(`limits.${name}`, amount);
  return usage;
}

/** Extended resources have a domain, and only requests. */
function isExtended(name: string): boolean {
  return name.includes("/");
}

function addService(usage: QuotaUsage, { spec }: Service): void {
  const ports = spec?.ports ?? [];
  if (spec?.type === "NodePort") usage.set("services.nodeports", Quantity.of(ports.length));
  if (spec?.type !== "LoadBalancer") return;
  usage.set("services.loadbalancers", ONE);
  const counted = spec.allocateLoadBalancerNodePorts === false ? ports.filter((port) => port.nodePort) : ports;
  usage.set("services.nodeports", Quantity.of(counted.length));
}

function addClaim(usage: QuotaUsage, claim: PersistentVolumeClaim): void {
  const storageClass = storageClassNameOf(claim);
  if (storageClass) usage.set(`${storageClass}.storageclass.storage.k8s.io/persistentvolumeclaims`, ONE);
  const storage = claim.spec?.resources?.requests?.["storage"];
  if (storage === undefined) return;
  usage.set("requests.storage", parseQuantity(storage));
  if (storageClass) usage.set(`${storageClass}.storageclass.storage.k8s.io/requests.storage`, parseQuantity(storage));
}

/** Which resources of the list (containers' cpu and memory) some container of the pod does not specify, in upstream's words. */
export function unspecifiedForQuota(pod: Pod, hardNames: Iterable<string>): string | undefined {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const missing: string[] = [];
  for (const hard of [...hardNames].sort()) {
    const [, which = "requests", name = ""] = /^(?:(requests|limits)\.)?(cpu|memory)$/.exec(hard) ?? [];
    if (name === "" || pod.spec?.resources?.[which as "requests" | "limits"]?.[name] !== undefined) continue;
    const without = containers.filter(({ resources }) => resources?.[which as "requests" | "limits"]?.[name] === undefined);
    if (without.length > 0) missing.push(`${hard} for: ${without.map((container) => container.name).join(",")}`);
  }
  return missing.length === 0 ? undefined : `must specify ${missing.join("; ")}`;
}
