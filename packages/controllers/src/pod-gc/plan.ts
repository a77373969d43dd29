import { isConditionTrue, type Node, type Pod } from "@skiff/api";
import { isPodFinished } from "../pods/pod-state.ts";

const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

/** What there is to know for one sweep. */
export interface ObservedGarbage {
  readonly pods: readonly Pod[];
  readonly node: (name: string) => Node | undefined;
  /** Nodes that are gone, confirmed by the server, and have been for long enough that they are not just late. */
  readonly goneNodes: ReadonlySet<string>;
}

/** A Pod to delete at once, without grace. */
export interface Garbage {
  readonly pod: Pod;
  /** Set when the Pod did not end by itself: it fails, for this reason. */
  readonly failure?: { readonly reason: string; readonly message: string };
}

/** Finds Pods that nobody else will remove. At most `terminatedLimit` finished ones are kept, the newest. */
export function planPodGarbage({ pods, node, goneNodes }: ObservedGarbage, terminatedLimit: number): readonly Garbage[] {
  const garbage = new Map<Pod, Garbage>();
  for (const pod of pods) {
    const nodeName = pod.spec?.nodeName ?? "";
    const isBeingDeleted = pod.metadata?.deletionTimestamp !== undefined;
    if (nodeName === "") {
      // No kubelet will ever confirm the end of a Pod that never had a node.
      if (isBeingDeleted) garbage.set(pod, { pod, ...failed(pod, "PodGC: pod is terminating and unscheduled") });
    } else if (goneNodes.has(nodeName)) {
      garbage.set(pod, { pod, ...failed(pod, "PodGC: node no longer exists") });
    } else if (isBeingDeleted && isOutOfService(node(nodeName))) {
      garbage.set(pod, { pod, ...failed(pod, "PodGC: node is out-of-service") });
    }
  }
  const finished = pods.filter((pod) => isPodFinished(pod) && !garbage.has(pod) && pod.metadata?.deletionTimestamp === undefined);
  const surplus = terminatedLimit > 0 ? finished.length - terminatedLimit : 0;
  if (surplus > 0) for (const pod of finished.sort(byAge).slice(0, surplus)) garbage.set(pod, { pod });
  return [...garbage.values()];
}

function failed(pod: Pod, message: string): Pick<Garbage, "failure"> {
  return isPodFinished(pod) ? {} : { failure: { reason: "DeletionByPodGC", message } };
}

/** The node is not ready, and somebody has declared that it is shut down (KEP-2268). */
function isOutOfService(node: Node | undefined): boolean {
  const isReady = isConditionTrue(node?.status?.conditions, "Ready");
  return !isReady && (node?.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false);
}

function byAge(a: Pod, b: Pod): number {
  const [left = "", right = ""] = [a.metadata?.creationTimestamp, b.metadata?.creationTimestamp];
  return left === right ? ((a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1) : left < right ? -1 : 1;
}
