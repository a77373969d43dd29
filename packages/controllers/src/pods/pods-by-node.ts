import type { Pod } from "@skiff/api";
import type { Informer } from "@skiff/client";

const NODE_INDEX = "node";

/** Pods by the node that they are bound to. Adds an index to the informer. */
export class PodsByNode {
  readonly #pods: Informer<Pod>;

  constructor(pods: Informer<Pod>) {
    this.#pods = pods;
    pods.addIndex(NODE_INDEX, (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
  }

  on(nodeName: string): readonly Pod[] {
    return this.#pods.byIndex(NODE_INDEX, nodeName);
  }
}
