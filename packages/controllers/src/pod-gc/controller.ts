import { isStatus, nodeKind, podKind } from "@skiff/api";
import { every, readsFrom, slowStart, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { markDisruption } from "../pods/disruption-condition.ts";
import { planPodGarbage, type Garbage, type ObservedGarbage } from "./plan.ts";

const SWEEP_PERIOD_MS = 20_000;
/** A node that is missing may only be late; its Pods are left alone for so long. */
const QUARANTINE_MS = 40_000;
const SWEEP = "sweep";

/** Options of the Pod garbage collector. */
export interface PodGarbageCollectorOptions {
  /** How many finished Pods may be kept; 0: all. Default 12,500. */
  readonly terminatedPodThreshold?: number;
}

/** Removes Pods that nobody else will: too many finished ones, those of vanished nodes, deleted ones that never had a node. */
export function createPodGarbageCollector(
  { client, informers, host }: ControllerContext,
  { terminatedPodThreshold = 12_500 }: PodGarbageCollectorOptions = {},
): AnyController {
  const nodes = informers.informer(nodeKind);
  const pods = informers.informer(podKind);
  const missingSinceMs = new Map<string, number>();

  const goneNodes = async (): Promise<ReadonlySet<string>> => {
    const nowMs = host.clock.monotonic();
    const missing = new Set<string>();
    for (const { spec } of pods.list()) if (spec?.nodeName && nodes.get(spec.nodeName) === undefined) missing.add(spec.nodeName);
    for (const name of missingSinceMs.keys()) if (!missing.has(name)) missingSinceMs.delete(name);
    const gone = new Set<string>();
    for (const name of missing) {
      const sinceMs = missingSinceMs.get(name);
      if (sinceMs === undefined) missingSinceMs.set(name, nowMs);
      // The cache may be behind; deleting somebody's Pods deserves a question to the server.
      else if (nowMs - sinceMs >= QUARANTINE_MS && !(await nodeExists(name))) gone.add(name);
    }
    return gone;
  };
  const nodeExists = async (name: string): Promise<boolean> => {
    try {
      await client.resource(nodeKind).get({ name });
      return true;
    } catch (error) {
      if (isStatus(error, "NotFound")) return false;
      throw error;
    }
  };

  const controller: Controller<ObservedGarbage, readonly Garbage[]> = {
    name: "pod-garbage-collector",
    concurrency: 1,
    sources: [readsFrom(pods), readsFrom(nodes), every(host.clock, SWEEP_PERIOD_MS, () => [SWEEP])],
    observe: async () => ({ pods: pods.list(), node: (name) => nodes.get(name), goneNodes: await goneNodes() }),
    plan: (observed) => planPodGarbage(observed, terminatedPodThreshold),
    async perform(garbage) {
      const { error } = await slowStart(garbage.length, async (index) => {
        const { pod, failure } = garbage[index]!;
        const { namespace, name = "", uid } = pod.metadata ?? {};
        try {
          if (failure !== undefined) await markDisruption(client, pod, failure.reason, failure.message, host.clock.now(), "Failed");
          await client.resource(podKind).delete({ namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
        } catch (error) {
          if (!isStatus(error, "NotFound", "Conflict")) throw error;
        }
      });
      if (error !== undefined) throw error as Error;
    },
  };
  return controller;
}
