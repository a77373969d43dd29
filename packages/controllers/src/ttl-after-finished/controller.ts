import { isStatus, jobKind, type Job } from "@skiff/api";
import { objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { msUntilExpiry } from "./plan.ts";

/** Deletes Jobs `ttlSecondsAfterFinished` after their end (KEP-592). */
export function createTtlAfterFinishedController({ client, informers, host }: ControllerContext): AnyController {
  const jobs = informers.informer(jobKind);
  const controller: Controller<Job, number | undefined> = {
    name: "ttl-after-finished-controller",
    sources: [objectsOf(jobs)],
    observe: (key) => jobs.get(key),
    plan: (job, nowMs) => msUntilExpiry(job, nowMs),
    async perform(remainingMs, job) {
      if (remainingMs === undefined) return;
      if (remainingMs > 0) return { requeueAfterMs: remainingMs };
      const { namespace, name = "", uid } = job.metadata ?? {};
      try {
        // The cache may be behind: the time may just have been made longer.
        const fresh = await client.resource(jobKind).get({ namespace, name });
        const freshMs = msUntilExpiry(fresh, host.clock.now());
        if (freshMs === undefined || fresh.metadata?.uid !== uid) return;
        if (freshMs > 0) return { requeueAfterMs: freshMs };
        await client.resource(jobKind).delete({ namespace, name }, { propagationPolicy: "Foreground", preconditions: { uid } });
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
      return;
    },
  };
  return controller;
}
