import { cronJobKind, jobKind, type CronJob, type Job } from "@skiff/api";
import { nameSuffix, timestamp } from "@skiff/base";
import type { DiscoveredResource } from "@skiff/client";
import { objectAddress } from "../addresses.ts";
import { PageError } from "../page-error.ts";
import type { PageContext } from "../page-request.ts";
import { FIELD_MANAGER } from "../pages/edit.ts";

const MAX_REPLICAS = 2 ** 31 - 1;
/** A Job's name becomes a label, with the names of its Pods behind it (upstream's CronJob controller cuts likewise). */
const MAX_JOB_PREFIX = 52;

interface FormTarget {
  readonly resource: DiscoveredResource;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** The object that a form is about. */
async function targetOf({ session, request: { form } }: PageContext): Promise<FormTarget> {
  const name = form.get("name") ?? "";
  if (name === "") throw new PageError(400, "The form names no object.");
  return { resource: await session.catalog.resource(form.get("resource")), namespace: form.get("namespace") || undefined, name };
}

async function patchTarget(
  context: PageContext,
  patch: unknown,
  options: { subresource?: string; type?: "strategic" | "merge" } = {},
): Promise<string> {
  const { resource, namespace, name } = await targetOf(context);
  await context.session.client.resource(resource).patch({ namespace, name }, patch, { fieldManager: FIELD_MANAGER, ...options });
  return objectAddress(resource, { namespace, name });
}

/** Sets how many replicas a workload has, by its `scale`. */
export async function scaleObject(context: PageContext): Promise<string> {
  const text = context.request.form.get("replicas") ?? "";
  if (!/^\d{1,10}$/.test(text) || Number(text) > MAX_REPLICAS)
    throw new PageError(422, `Replicas must be a whole number from 0 to ${MAX_REPLICAS}.`);
  return patchTarget(context, { spec: { replicas: Number(text) } }, { subresource: "scale" });
}

/** Replaces the Pods of a workload by its own strategy, as `kubectl rollout restart` does. */
export async function restartObject(context: PageContext): Promise<string> {
  const annotations = { "kubectl.kubernetes.io/restartedAt": timestamp(context.host.clock) };
  return patchTarget(context, { spec: { template: { metadata: { annotations } } } });
}

/** Lets a node take new Pods, or not. */
export async function cordonNode(context: PageContext): Promise<string> {
  const wanted = context.request.form.get("unschedulable") === "true";
  return patchTarget(context, { spec: { unschedulable: wanted || null } });
}

/** Lets a CronJob start Jobs, or not. */
export async function suspendObject(context: PageContext): Promise<string> {
  return patchTarget(context, { spec: { suspend: context.request.form.get("suspend") === "true" } });
}

/** Starts a Job of a CronJob now, as `kubectl create job --from` does, and leads to it. */
export async function triggerCronJob(context: PageContext): Promise<string> {
  const { session, host } = context;
  const { namespace, name } = await targetOf(context);
  const cronJob: CronJob = await session.client.resource(cronJobKind).get({ namespace, name });
  const { metadata, spec } = cronJob.spec?.jobTemplate ?? {};
  const job: Job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: `${name.slice(0, MAX_JOB_PREFIX)}-${nameSuffix(host.random)}`,
      namespace,
      labels: metadata?.labels,
      annotations: { ...metadata?.annotations, "cronjob.kubernetes.io/instantiate": "manual" },
      ownerReferences: [{ apiVersion: "batch/v1", kind: "CronJob", name, uid: cronJob.metadata?.uid ?? "", controller: true }],
    },
    spec,
  };
  const made = await session.client.resource(jobKind).create(job, { fieldManager: FIELD_MANAGER });
  return objectAddress(jobKind, { namespace, name: made.metadata?.name ?? "" });
}
