import type { Node, Selector } from "@skiff/api";
import type { NamespaceLabels } from "./affinity-term.ts";
import { MatchCounts } from "./match-counts.ts";
import { NodeInfo } from "./node-info.ts";
import { interleaveZones, zoneOf } from "./node-order.ts";
import { NominatedPods } from "./nominated-pods.ts";
import type { PodInfo } from "./pod-info.ts";

/** How long a Pod that was bound may stay unseen in the informer before its place is given up again. */
export const ASSUMED_TTL_MS = 15 * 60_000;

/**
 * What a scheduling decision reads. A decision is one synchronous step, so this is the live state itself and never a copy:
 * nothing can change under the decision.
 */
export interface Snapshot {
  /** All nodes, zone by zone in turn. */
  readonly nodes: readonly NodeInfo[];
  /** Where the search for feasible nodes starts; it moves on with each Pod, so that all nodes get their turn. */
  readonly startIndex: number;
  readonly nominated: NominatedPods;
  readonly namespaceLabels: NamespaceLabels;
  /** Nodes with Pods that have inter-Pod affinity of any sort. */
  readonly nodesWithAffinity: ReadonlySet<NodeInfo>;
  readonly nodesWithRequiredAntiAffinity: ReadonlySet<NodeInfo>;
  node(name: string): NodeInfo | undefined;
  /** How many nodes have the image, whatever its size. */
  nodesWithImage(image: string): number;
  /** How many Pods of the namespace the selector picks, by node; nodes without any are left out. */
  matchCounts(namespace: string, selector: Selector): ReadonlyMap<NodeInfo, number>;
}

interface Placed {
  readonly pod: PodInfo;
  readonly node: NodeInfo;
  /** Set while the API has not shown the Pod on its node yet. */
  assumed: boolean;
  /** When an assumed Pod is given up, monotonic; `undefined` while its binding is under way. */
  expiresMs: number | undefined;
}

/**
 * All nodes and the Pods on them, as the API shows them and as the scheduler has decided already: a Pod counts from the
 * moment of the decision (it is *assumed*), so that the next decision need not wait for the binding.
 */
export class ClusterState implements Snapshot {
  readonly nominated = new NominatedPods();
  readonly namespaceLabels: NamespaceLabels;
  readonly nodesWithAffinity = new Set<NodeInfo>();
  readonly nodesWithRequiredAntiAffinity = new Set<NodeInfo>();
  startIndex = 0;
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #pods = new Map<string, Placed>();
  readonly #assumed = new Map<string, Placed>();
  readonly #images = new Map<string, number>();
  readonly #counts = new MatchCounts();
  #ordered: readonly NodeInfo[] | undefined;

  constructor(namespaceLabels: NamespaceLabels = () => undefined) {
    this.namespaceLabels = namespaceLabels;
  }

  get nodes(): readonly NodeInfo[] {
    return (this.#ordered ??= interleaveZones(this.#known()));
  }

  node(name: string): NodeInfo | undefined {
    const node = this.#nodes.get(name);
    return node?.node === undefined ? undefined : node;
  }

  nodesWithImage(image: string): number {
    return this.#images.get(image) ?? 0;
  }

  matchCounts(namespace: string, selector: Selector): ReadonlyMap<NodeInfo, number> {
    return this.#counts.get(namespace, selector, this.#nodes.values());
  }

  /** Adds or replaces a node. */
  setNode(node: Node): void {
    const info = this.#info(node.metadata?.name ?? "");
    const before = info.node === undefined ? undefined : zoneOf(info);
    for (const image of info.images.keys()) this.#countImage(image, -1);
    info.setNode(node);
    for (const image of info.images.keys()) this.#countImage(image, 1);
    if (before !== zoneOf(info)) this.#ordered = undefined;
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    for (const image of info.images.keys()) this.#countImage(image, -1);
    info.images = new Map();
    info.node = undefined;
    this.#ordered = undefined;
    this.#dropIfUnused(info);
  }

  /** A Pod as the API shows it on its node. Confirms it when it was assumed. */
  setPod(pod: PodInfo): void {
    const nodeName = pod.pod.spec?.nodeName ?? "";
    this.#take(pod.uid);
    this.#place(pod, nodeName, false);
    this.nominated.delete(pod.uid);
  }

  removePod(uid: string): void {
    this.#take(uid);
    this.nominated.delete(uid);
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid);
  }

  /** Counts the Pod on the node from now on. */
  assume(pod: PodInfo, nodeName: string): void {
    this.#take(pod.uid);
    this.#place(pod, nodeName, true);
    this.nominated.delete(pod.uid);
  }

  /** The API took the binding: the Pod is confirmed within {@link ASSUMED_TTL_MS} or given up. */
  finishBinding(uid: string, nowMs: number): void {
    const placed = this.#assumed.get(uid);
    if (placed !== undefined) placed.expiresMs = nowMs + ASSUMED_TTL_MS;
  }

  /** The binding failed: the Pod no longer counts. */
  forget(uid: string): void {
    if (this.#assumed.has(uid)) this.#take(uid);
  }

  /** Gives up the assumed Pods whose time is over. */
  expire(nowMs: number): void {
    for (const [uid, { expiresMs }] of this.#assumed) if (expiresMs !== undefined && expiresMs <= nowMs) this.#take(uid);
  }

  *#known(): Iterable<NodeInfo> {
    for (const node of this.#nodes.values()) if (node.node !== undefined) yield node;
  }

  #info(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (info === undefined) this.#nodes.set(name, (info = new NodeInfo(name)));
    return info;
  }

  #place(pod: PodInfo, nodeName: string, assumed: boolean): void {
    const node = this.#info(nodeName);
    const placed: Placed = { pod, node, assumed, expiresMs: undefined };
    node.addPod(pod);
    this.#pods.set(pod.uid, placed);
    if (assumed) this.#assumed.set(pod.uid, placed);
    this.#counts.changed(pod, node, 1);
    this.#index(node);
  }

  #take(uid: string): void {
    const placed = this.#pods.get(uid);
    if (placed === undefined) return;
    const { pod, node } = placed;
    this.#pods.delete(uid);
    this.#assumed.delete(uid);
    node.removePod(pod);
    this.#counts.changed(pod, node, -1);
    this.#index(node);
    this.#dropIfUnused(node);
  }

  #index(node: NodeInfo): void {
    if (node.podsWithAffinity.size > 0) this.nodesWithAffinity.add(node);
    else this.nodesWithAffinity.delete(node);
    if (node.podsWithRequiredAntiAffinity.size > 0) this.nodesWithRequiredAntiAffinity.add(node);
    else this.nodesWithRequiredAntiAffinity.delete(node);
  }

  #dropIfUnused(node: NodeInfo): void {
    if (node.node === undefined && node.pods.size === 0) this.#nodes.delete(node.name);
  }

  #countImage(image: string, by: 1 | -1): void {
    const count = (this.#images.get(image) ?? 0) + by;
    if (count === 0) this.#images.delete(image);
    else this.#images.set(image, count);
  }
}
