import { isStatus, jobKind, podKind, type Job, type Pod } from "@skiff/api";
import type { Informer } from "@skiff/client";
import {
  adoptersWithLabelSelector,
  changesOf,
  ControlledObjects,
  controllerOf,
  labelMatcher,
  objectsOf,
  ownerKeys,
  OwnWrites,
  performClaims,
  planClaims,
  refersTo,
  slowStart,
  type AnyController,
  type Claims,
  type Controller,
  type Outcome,
  type Source,
} from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isNamespaceTerminating, PodWriter } from "../pods/pod-writer.ts";
import { isTracked, podForJob, untracked } from "./job-pods.ts";
import { planJob, type JobPlan, type ObservedJob } from "./plan.ts";

const OWN_WRITES_RECHECK_MS = 100;
const CONTROLLER_NAME = "kubernetes.io/job-controller";
const TRACKED_INDEX = "tracked by job";

interface Observed {
  /** Absent when the Job is gone: then only finalizers remain to be removed. */
  readonly observed?: ObservedJob;
  readonly claims: Claims<Pod>;
  /** Pods with our finalizer whose Job is not there (any more). */
  readonly stray: readonly Pod[];
}

/** Runs Pods to their end, as many as each Job wants. */
export function createJobController(context: ControllerContext): AnyController {
  return new JobController(context);
}

class JobController implements Controller<Observed, JobPlan> {
  readonly name = "job-controller";
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #jobs: Informer<Job>;
  readonly #pods: ControlledObjects<Pod>;
  readonly #ownWrites: OwnWrites;
  readonly #writer: PodWriter<Job>;

  constructor(context: ControllerContext) {
    const { informers, host } = context;
    this.#context = context;
    this.#jobs = informers.informer(jobKind);
    this.#pods = new ControlledObjects(informers.informer(podKind));
    this.#pods.informer.addIndex(TRACKED_INDEX, (pod) => {
      const owner = controllerOf(pod);
      return isTracked(pod) && refersTo(owner, jobKind) ? [`${pod.metadata?.namespace}/${owner?.name}`] : [];
    });
    this.#ownWrites = new OwnWrites(host.clock);
    this.#writer = new PodWriter(context, jobKind, this.#pods.informer, this.#ownWrites);
    const adopters = adoptersWithLabelSelector(this.#jobs);
    this.sources = [objectsOf(this.#jobs), changesOf(this.#pods.informer, (change) => ownerKeys(change, jobKind, adopters))];
  }

  observe(key: string): Observed {
    const job = this.#jobs.get(key);
    const tracked = this.#pods.informer.byIndex(TRACKED_INDEX, key);
    const stray = tracked.filter((pod) => controllerOf(pod)?.uid !== job?.metadata?.uid);
    if (job === undefined) this.#ownWrites.forget(key);
    if (job === undefined || (job.spec?.managedBy ?? CONTROLLER_NAME) !== CONTROLLER_NAME) {
      return { claims: { owned: [], adopt: [], release: [] }, stray: job === undefined ? stray : [] };
    }
    const claims = planClaims(job, labelMatcher(job.spec?.selector), this.#pods);
    const pods = [...claims.owned, ...claims.adopt];
    return { observed: { job, pods, ownWritesVisible: this.#ownWrites.visible(key) }, claims, stray };
  }

  weigh({ claims }: Observed): number {
    return claims.owned.length;
  }

  plan({ observed, stray }: Observed, nowMs: number): JobPlan {
    const plan = observed === undefined ? { delete: [], create: [], release: [], events: [] } : planJob(observed, nowMs);
    return { ...plan, release: [...plan.release, ...stray] };
  }

  async perform(plan: JobPlan, { observed, claims }: Observed, key: string): Promise<Outcome> {
    const { client, events } = this.#context;
    let failure: unknown;
    if (observed !== undefined) {
      const { job } = observed;
      await performClaims(claims, { client, ownerResource: jobKind, owner: job, resource: podKind });
      const removals = await Promise.allSettled(plan.delete.map((pod) => this.#writer.delete(job, key, pod)));
      failure = removals.find((result) => result.status === "rejected")?.reason;
      failure ??= await this.#create(plan, job, key);
      // Before the finalizers go: a uid that is not on record would be lost.
      if (plan.status !== undefined) await client.resource(jobKind).updateStatus({ ...job, status: plan.status });
      for (const { type, reason, message } of plan.events) events.event(jobKind, job, type, reason, message);
    }
    await Promise.all(plan.release.map((pod) => this.#release(pod, key)));
    if (failure !== undefined) throw failure as Error;
    return { requeueAfterMs: (observed?.ownWritesVisible ?? true) ? plan.requeueAfterMs : OWN_WRITES_RECHECK_MS };
  }

  async #create(plan: JobPlan, job: Job, key: string): Promise<unknown> {
    const { error } = await slowStart(plan.create.length, async (attempt) => {
      const { index, failuresOfIndex } = plan.create[attempt]!;
      try {
        await this.#writer.create(job, key, podForJob(job, index, failuresOfIndex));
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
    });
    return error;
  }

  async #release(pod: Pod, key: string): Promise<void> {
    const { namespace, name = "", uid } = pod.metadata ?? {};
    try {
      const written = await this.#context.client.resource(podKind).patch({ namespace, name }, untracked(uid), { type: "strategic" });
      this.#ownWrites.wrote(key, this.#pods.informer, written);
    } catch (error) {
      if (!isStatus(error, "NotFound", "Conflict")) throw error;
    }
  }
}
