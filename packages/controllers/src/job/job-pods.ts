import { parseTime } from "@skiff/base";
import {
  jobKind,
  JOB_CONTROLLER_UID_LABEL,
  JOB_NAME_LABEL,
  LEGACY_JOB_CONTROLLER_UID_LABEL,
  LEGACY_JOB_NAME_LABEL,
  type Job,
  type Pod,
} from "@skiff/api";
import { controllerRefTo } from "@skiff/controller-kit";
import { podFromTemplate } from "../pods/pod-from-template.ts";

/** Keeps a Pod until its end has been counted. */
const TRACKING_FINALIZER = "batch.kubernetes.io/job-tracking";
const INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index";
/** How often the index of this Pod had failed before. */
export const INDEX_FAILURES_ANNOTATION = "batch.kubernetes.io/job-index-failure-count";
const INDEX_VARIABLE = "JOB_COMPLETION_INDEX";

export function isTracked(pod: Pod): boolean {
  return pod.metadata?.finalizers?.includes(TRACKING_FINALIZER) ?? false;
}

/** A strategic merge patch that takes the finalizer from the Pod of this uid: only this one entry goes, whatever others have done meanwhile. */
export function untracked(uid: string | undefined): object {
  return { metadata: { uid, "$deleteFromPrimitiveList/finalizers": [TRACKING_FINALIZER] } };
}

/** The completion index of a Pod; `undefined` when it has none. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata?.annotations?.[INDEX_ANNOTATION];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** When the last container of a Pod ended, in milliseconds since the epoch. */
export function finishedAtMs(pod: Pod): number | undefined {
  const ends = (pod.status?.containerStatuses ?? [])
    .map(({ state }) => parseTime(state?.terminated?.finishedAt))
    .filter((end) => end !== undefined);
  if (ends.length > 0) return Math.max(...ends);
  const ready = pod.status?.conditions?.find(({ type }) => type === "Ready");
  return parseTime(ready?.lastTransitionTime) ?? parseTime(pod.metadata?.deletionTimestamp);
}

/** A Pod for the Job; with an index, one that knows it: by annotation, label, hostname and variable. */
export function podForJob(job: Job, index: number | undefined, failuresOfIndex: number): Pod {
  const { name = "", namespace = "", uid = "" } = job.metadata ?? {};
  const template = job.spec?.template ?? {};
  const pod = podFromTemplate(template, { name, namespace }, controllerRefTo(jobKind, job));
  const labels: Record<string, string> = {
    ...pod.metadata?.labels,
    [JOB_NAME_LABEL]: name,
    [LEGACY_JOB_NAME_LABEL]: name,
    [JOB_CONTROLLER_UID_LABEL]: uid,
    [LEGACY_JOB_CONTROLLER_UID_LABEL]: uid,
  };
  const finalizers = [...(template.metadata?.finalizers ?? []), TRACKING_FINALIZER];
  if (index === undefined) return { ...pod, metadata: { ...pod.metadata, labels, finalizers } };
  const annotations: Record<string, string> = { ...pod.metadata?.annotations, [INDEX_ANNOTATION]: String(index) };
  if (job.spec?.backoffLimitPerIndex !== undefined) annotations[INDEX_FAILURES_ANNOTATION] = String(failuresOfIndex);
  labels[INDEX_ANNOTATION] = String(index);
  return {
    ...pod,
    metadata: { ...pod.metadata, generateName: `${name}-${index}-`, labels, annotations, finalizers },
    spec: pod.spec && { ...withIndexVariable(pod.spec), hostname: `${name}-${index}` },
  };
}

function withIndexVariable(spec: NonNullable<Pod["spec"]>): NonNullable<Pod["spec"]> {
  const variable = { name: INDEX_VARIABLE, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX_ANNOTATION}']` } } };
  const add = <C extends { env?: { name: string }[] }>(container: C): C =>
    container.env?.some(({ name }) => name === INDEX_VARIABLE) ? container : { ...container, env: [...(container.env ?? []), variable] };
  return {
    ...spec,
    containers: spec.containers.map(add),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(add) } : {}),
  };
}
