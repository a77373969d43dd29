import type { Node, Taint } from "@skiff/api";
import { HostPortTable } from "./host-ports.ts";
import type { PodInfo } from "./pod-info.ts";
import { allocatableOf, type Resources } from "./resources.ts";

const NO_TAINTS: readonly Taint[] = [];
const NO_LABELS: Readonly<Record<string, string>> = {};

/**
 * A node and the sums over its Pods. Adding and removing a Pod costs the same however many there are.
 *
 * Assumptions: only its {@link ClusterState} changes it, except that preemption takes Pods off and puts them back
 * within one synchronous step.
 */
export class NodeInfo {
  readonly name: string;
  /** Absent while only Pods of the node are known, or when it was deleted before them. */
  node: Node | undefined;
  labels: Readonly<Record<string, string>> = NO_LABELS;
  /** Those with the effects `NoSchedule` and `NoExecute`. */
  taints: readonly Taint[] = NO_TAINTS;
  /** Those with the effect `PreferNoSchedule`. */
  softTaints: readonly Taint[] = NO_TAINTS;
  unschedulable = false;
  allocatable: Resources & { readonly pods: number } = allocatableOf(undefined);
  /** Bytes by image name. */
  images: ReadonlyMap<string, number> = new Map();

  milliCpu = 0;
  memory = 0;
  ephemeralStorage = 0;
  readonly scalars = new Map<string, number>();
  nonZeroMilliCpu = 0;
  nonZeroMemory = 0;
  readonly ports = new HostPortTable();
  readonly pods = new Map<string, PodInfo>();
  readonly podsWithAffinity = new Set<PodInfo>();
  readonly podsWithRequiredAntiAffinity = new Set<PodInfo>();

  constructor(name: string) {
    this.name = name;
  }

  setNode(node: Node): void {
    const taints = node.spec?.taints ?? NO_TAINTS;
    this.node = node;
    this.labels = node.metadata?.labels ?? NO_LABELS;
    this.taints = taints.filter(({ effect }) => effect !== "PreferNoSchedule");
    this.softTaints = taints.filter(({ effect }) => effect === "PreferNoSchedule");
    this.unschedulable = node.spec?.unschedulable ?? false;
    this.allocatable = allocatableOf(node.status?.allocatable);
    this.images = new Map((node.status?.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => [name, sizeBytes])));
  }

  addPod(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
    if (pod.hasAffinity) this.podsWithAffinity.add(pod);
    if (pod.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity.add(pod);
    for (const port of pod.hostPorts) this.ports.add(port);
    this.#count(pod, 1);
  }

  /** Takes off the Pod that was added; a different object of the same Pod will not do. */
  removePod(pod: PodInfo): void {
    this.pods.delete(pod.uid);
    this.podsWithAffinity.delete(pod);
    this.podsWithRequiredAntiAffinity.delete(pod);
    for (const port of pod.hostPorts) this.ports.remove(port);
    this.#count(pod, -1);
  }

  #count({ requests, nonZero }: PodInfo, sign: 1 | -1): void {
    this.milliCpu += sign * requests.milliCpu;
    this.memory += sign * requests.memory;
    this.ephemeralStorage += sign * requests.ephemeralStorage;
    this.nonZeroMilliCpu += sign * nonZero.milliCpu;
    this.nonZeroMemory += sign * nonZero.memory;
    for (const [name, amount] of requests.scalars) this.scalars.set(name, (this.scalars.get(name) ?? 0) + sign * amount);
  }
}
