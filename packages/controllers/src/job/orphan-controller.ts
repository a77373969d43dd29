import { isStatus, jobKind, podKind, type Pod } from "@skiff/api";
import {
  adoptersWithLabelSelector,
  changesOf,
  controllerOf,
  readsFrom,
  refersTo,
  type AnyController,
  type Controller,
} from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isTracked, untracked } from "./job-pods.ts";

/**
 * Lets go of Pods that no Job counts any more: those that a Job has released, or that somebody took from it. With a Job's
 * finalizer they could never be deleted. Pods whose Job is gone are the Job controller's own, as are those that a Job may adopt.
 */
export function createJobOrphanController({ client, informers }: ControllerContext): AnyController {
  const pods = informers.informer(podKind);
  const jobs = informers.informer(jobKind);
  const adopters = adoptersWithLabelSelector(jobs);
  // A Job that is being deleted adopts nothing: it leaves its Pods behind when it is told to.
  const adopts = (key: string): boolean => jobs.get(key)?.metadata?.deletionTimestamp === undefined;
  const hasNobody = (pod: Pod): boolean => {
    const owner = controllerOf(pod);
    return owner === undefined ? ![...adopters(pod)].some(adopts) : !refersTo(owner, jobKind);
  };
  const controller: Controller<Pod | undefined, Pod | undefined> = {
    name: "job-orphan-controller",
    // Nearly no Pod is tracked; the Jobs must be known before it can be said that none adopts.
    sources: [changesOf(pods, ({ key, object }) => (isTracked(object) ? [key] : [])), readsFrom(jobs)],
    observe: (key) => pods.get(key),
    plan: (pod) => (pod !== undefined && isTracked(pod) && hasNobody(pod) ? pod : undefined),
    async perform(pod) {
      if (pod === undefined) return;
      const { namespace, name = "", uid } = pod.metadata ?? {};
      try {
        await client.resource(podKind).patch({ namespace, name }, untracked(uid), { type: "strategic" });
      } catch (error) {
        if (!isStatus(error, "NotFound", "Conflict")) throw error;
      }
    },
  };
  return controller;
}
