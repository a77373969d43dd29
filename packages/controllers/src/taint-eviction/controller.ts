import { isStatus, nodeKind, objectKey, podKind, type Node, type Pod, type Taint } from "@skiff/api";
import { changesOf, type AnyController, type Controller, type Outcome } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { markDisruption } from "../pods/disruption-condition.ts";
import { PodsByNode } from "../pods/pods-by-node.ts";
import { planEviction, type EvictionPlan } from "./plan.ts";

interface Observed {
  readonly pod: Pod;
  readonly taints: readonly Taint[];
}

/** Deletes Pods that do not tolerate the `NoExecute` taints of their nodes, when their time is up. */
export function createTaintEvictionController({ client, informers, events, host }: ControllerContext): AnyController {
  const nodes = informers.informer(nodeKind);
  const pods = informers.informer(podKind);
  const podsByNode = new PodsByNode(pods);
  const noExecute = (node: Node | undefined): readonly Taint[] => node?.spec?.taints?.filter(({ effect }) => effect === "NoExecute") ?? [];
  const controller: Controller<Observed, EvictionPlan> = {
    name: "taint-eviction-controller",
    concurrency: 8,
    sources: [
      // A Pod alone matters only when its node is tainted already.
      changesOf(pods, ({ key, object, type }) =>
        type !== "deleted" && noExecute(nodes.get(object.spec?.nodeName ?? "")).length > 0 ? [key] : [],
      ),
      changesOf(nodes, ({ object, previous }) => {
        const isTainted = noExecute(object).length > 0 || noExecute(previous).length > 0;
        return isTainted ? podsByNode.on(object.metadata?.name ?? "").map((pod) => objectKey(pod)) : [];
      }),
    ],
    observe(key) {
      const pod = pods.get(key);
      return pod && { pod, taints: noExecute(nodes.get(pod.spec?.nodeName ?? "")) };
    },
    plan: ({ pod, taints }, nowMs) => planEviction(pod, taints, nowMs),
    async perform(plan, { pod }, key): Promise<Outcome> {
      if (plan.action !== "evict") return plan.action === "wait" ? { requeueAfterMs: plan.ms } : {};
      const { namespace, name = "", uid } = pod.metadata ?? {};
      events.event(podKind, pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`);
      try {
        await markDisruption(client, pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", host.clock.now());
        await client.resource(podKind).delete({ namespace, name }, { preconditions: { uid } });
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
      return {};
    },
  };
  return controller;
}
