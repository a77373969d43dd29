import { requiredNodeMatcher, selectableNode, untolerated, type Node, type Pod } from "@skiff/api";
import { milliCpu, podAmount, wholeUnits } from "./container-resources.ts";
import type { NodePressure } from "./node-conditions.ts";
import { allContainers } from "./pod-containers.ts";
import { isCritical, qosClassOf } from "./quality-of-service.ts";

/** Whether the node takes a Pod on. The reasons are upstream's. */
export type AdmissionDecision =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly reason: string; readonly message: string };

/** What a decision is made from. */
interface AdmissionInput {
  readonly pod: Pod;
  /** The Pods that the node runs already. */
  readonly others: readonly Pod[];
  /** Undefined until the node has been registered: then only resources are checked. */
  readonly node: Node | undefined;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly pressure: NodePressure;
}

/** Kernel settings that belong to one Pod's namespaces alone, and so may be set by anyone. */
const SAFE_SYSCTLS: readonly string[] = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.tcp_wmem",
];

/**
 * The node's own check, after the scheduler's: Pods can come from elsewhere, and two may have been bound at once. What
 * does not fit is `Failed` for good; its owner makes another one.
 */
export function admitPod(input: AdmissionInput): AdmissionDecision {
  return (
    checkSysctls(input.pod) ??
    checkPressure(input) ??
    checkNodeSelection(input) ??
    checkPorts(input) ??
    checkResources(input) ??
    checkTaints(input) ?? { admitted: true }
  );
}

function refuse(reason: string, message: string): AdmissionDecision {
  return { admitted: false, reason, message };
}

function checkSysctls(pod: Pod): AdmissionDecision | undefined {
  const { hostNetwork, hostIPC, securityContext } = pod.spec ?? {};
  for (const { name } of securityContext?.sysctls ?? []) {
    const sysctl = name.replaceAll("/", ".");
    if (!SAFE_SYSCTLS.includes(sysctl)) return refuse("SysctlForbidden", `forbidden sysctl: "${name}" not allowlisted`);
    // In the host's namespace it would be the host's setting.
    if (hostNetwork && sysctl.startsWith("net."))
      return refuse("SysctlForbidden", `forbidden sysctl: "${name}" not allowed with host net enabled`);
    if (hostIPC && sysctl.startsWith("kernel."))
      return refuse("SysctlForbidden", `forbidden sysctl: "${name}" not allowed with host ipc enabled`);
  }
  return undefined;
}

/** A node that is short of something takes on only what it must, and what asks for little more than its share. */
function checkPressure({ pod, pressure }: AdmissionInput): AdmissionDecision | undefined {
  const { memory, disk, pids } = pressure;
  if (isCritical(pod) || !(memory || disk || pids)) return undefined;
  if (memory && !disk && !pids && qosClassOf(pod) !== "BestEffort") return undefined;
  const conditions = [...(memory ? ["MemoryPressure"] : []), ...(disk ? ["DiskPressure"] : []), ...(pids ? ["PIDPressure"] : [])];
  return refuse("Evicted", `The node had condition: [${conditions.join(" ")}]. `);
}

function checkNodeSelection({ pod, node }: AdmissionInput): AdmissionDecision | undefined {
  if (node === undefined) return undefined;
  const labels = node.metadata?.labels ?? {};
  const os = pod.spec?.os?.name;
  if (os !== undefined && os !== labels["kubernetes.io/os"]) {
    return refuse("PodOSNotSupported", `Failed to admit pod as the OS field doesn't match node OS`);
  }
  const fits = requiredNodeMatcher(pod)?.(selectableNode(node)) ?? true;
  return fits ? undefined : refuse("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
}

function checkPorts({ pod, others }: AdmissionInput): AdmissionDecision | undefined {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return undefined;
  const used = others.flatMap(hostPorts);
  const clash = wanted.some((port) =>
    used.some(
      (other) =>
        port.port === other.port && port.protocol === other.protocol && (port.ip === other.ip || port.ip === "" || other.ip === ""),
    ),
  );
  return clash ? refuse("NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports") : undefined;
}

function hostPorts(pod: Pod): { port: number; protocol: string; ip: string }[] {
  return allContainers(pod).flatMap(({ container }) =>
    (container.ports ?? [])
      .filter(({ hostPort }) => (hostPort ?? 0) > 0)
      .map(({ hostPort = 0, protocol = "TCP", hostIP = "" }) => ({ port: hostPort, protocol, ip: hostIP === "0.0.0.0" ? "" : hostIP })),
  );
}

function checkResources({ pod, others, allocatable }: AdmissionInput): AdmissionDecision | undefined {
  const capacity = wholeUnits(allocatable, "pods");
  if (others.length + 1 > capacity) {
    return refuse("OutOfpods", `Node didn't have enough resource: pods, requested: 1, used: ${others.length}, capacity: ${capacity}`);
  }
  const reads: [string, (list: Record<string, string> | undefined) => number][] = [
    ["cpu", milliCpu],
    ...["memory", "ephemeral-storage"].map((name): [string, (list: Record<string, string> | undefined) => number] => [
      name,
      (list) => wholeUnits(list, name),
    ]),
  ];
  for (const [name, read] of reads) {
    const requested = podAmount(pod, "requests", read);
    if (requested === 0) continue;
    const used = others.reduce((sum, other) => sum + podAmount(other, "requests", read), 0);
    const total = read(allocatable);
    if (requested > total - used) {
      return refuse(
        `OutOf${name}`,
        `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${total}`,
      );
    }
  }
  return undefined;
}

/** Only what evicts Pods counts: one that got past `NoSchedule`, as by `nodeName`, is the scheduler's business no more. */
function checkTaints({ pod, node }: AdmissionInput): AdmissionDecision | undefined {
  const evicting = node?.spec?.taints?.filter(({ effect }) => effect === "NoExecute") ?? [];
  if (untolerated(evicting, pod.spec?.tolerations ?? []) === undefined) return undefined;
  return refuse("TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate");
}
