import type { PodInfo } from "./pod-info.ts";

const NONE: ReadonlyMap<string, PodInfo> = new Map();

/** Pods for which room was made on a node by preemption, and which wait until it is free. */
export class NominatedPods {
  readonly #byNode = new Map<string, Map<string, PodInfo>>();
  readonly #nodeOf = new Map<string, string>();

  /** By uid. */
  on(nodeName: string): ReadonlyMap<string, PodInfo> {
    return this.#byNode.size === 0 ? NONE : (this.#byNode.get(nodeName) ?? NONE);
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  /** A Pod has at most one nomination: a new one takes the place of the old. */
  set(pod: PodInfo, nodeName: string): void {
    this.delete(pod.uid);
    let pods = this.#byNode.get(nodeName);
    if (pods === undefined) this.#byNode.set(nodeName, (pods = new Map()));
    pods.set(pod.uid, pod);
    this.#nodeOf.set(pod.uid, nodeName);
  }

  delete(uid: string): void {
    const nodeName = this.#nodeOf.get(uid);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(uid);
    const pods = this.#byNode.get(nodeName);
    pods?.delete(uid);
    if (pods?.size === 0) this.#byNode.delete(nodeName);
  }
}
