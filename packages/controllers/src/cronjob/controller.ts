import { messageOf } from "@skiff/base";
import { cronJobKind, isStatus, jobKind, type Job } from "@skiff/api";
import { referenceTo } from "@skiff/client";
import {
  changesOf,
  ControlledObjects,
  objectsOf,
  ownerKeys,
  type AnyController,
  type Controller,
  type Outcome,
} from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isNamespaceTerminating } from "../pods/pod-writer.ts";
import { planCronJob, type CronJobPlan, type ObservedCronJob } from "./plan.ts";

/** Starts Jobs by the clock. */
export function createCronJobController({ client, informers, events }: ControllerContext): AnyController {
  const cronJobs = informers.informer(cronJobKind);
  const jobs = new ControlledObjects<Job>(informers.informer(jobKind));
  const controller: Controller<ObservedCronJob, CronJobPlan> = {
    name: "cronjob-controller",
    sources: [objectsOf(cronJobs), changesOf(jobs.informer, (change) => ownerKeys(change, cronJobKind))],
    observe(key) {
      const cronJob = cronJobs.get(key);
      return cronJob && { cronJob, jobs: jobs.of(cronJob.metadata?.uid ?? "") };
    },
    plan: planCronJob,
    async perform(plan, { cronJob }): Promise<Outcome> {
      const { namespace } = cronJob.metadata ?? {};
      const report = (type: "Normal" | "Warning", reason: string, message: string): void =>
        events.event(cronJobKind, cronJob, type, reason, message);
      for (const { type, reason, message } of plan.events) report(type, reason, message);
      for (const { metadata } of plan.delete) {
        const { name = "", uid } = metadata ?? {};
        try {
          await client.resource(jobKind).delete({ namespace, name }, { propagationPolicy: "Background", preconditions: { uid } });
          report("Normal", "SuccessfulDelete", `Deleted job ${name}`);
        } catch (error) {
          if (!isStatus(error, "NotFound", "Conflict")) throw error;
        }
      }
      let { status } = plan;
      if (plan.create !== undefined) {
        try {
          const job = await client.resource(jobKind).create(plan.create);
          report("Normal", "SuccessfulCreate", `Created job ${job.metadata?.name}`);
          status = { ...status, active: [...(status?.active ?? []), referenceTo(jobKind, job)] };
        } catch (error) {
          if (isNamespaceTerminating(error)) return {};
          // The Job of this time is there already; the cache only does not show it yet.
          if (!isStatus(error, "AlreadyExists")) {
            report("Warning", "FailedCreate", `Error creating job: ${messageOf(error)}`);
            throw error;
          }
        }
      }
      if (status !== undefined) await client.resource(cronJobKind).updateStatus({ ...cronJob, status });
      return { requeueAfterMs: plan.requeueAfterMs };
    },
  };
  return controller;
}
