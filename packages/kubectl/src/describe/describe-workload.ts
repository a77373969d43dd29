import {
  selectorFromLabelSelector,
  type CronJob,
  type DaemonSet,
  type Deployment,
  type Job,
  type KubeList,
  type LabelSelector,
  type Pod,
  type ReplicaSet,
  type StatefulSet,
} from "@skiff/api";
import { humanDuration } from "@skiff/api";
import type { SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";
import { describedTime, type Description } from "./description.ts";
import { describeTemplate } from "./describe-pod.ts";

function selectorText(selector: LabelSelector | undefined): string {
  return selectorFromLabelSelector(selector).toString() || "<none>";
}

/** The Pods that a workload selects and controls, counted by state. */
async function podStatus(session: Session, { namespace, object }: SelectedObject, selector: LabelSelector | undefined): Promise<string> {
  const mapper = await session.mapper();
  const labelSelector = selectorFromLabelSelector(selector).toString();
  const list = (await session.request(await mapper.byKind("v1", "Pod"), { namespace }, { query: { labelSelector } })) as KubeList<Pod>;
  const counts = { Running: 0, Pending: 0, Succeeded: 0, Failed: 0 };
  for (const { status, metadata } of list.items) {
    if (metadata?.ownerReferences?.find(({ controller }) => controller)?.uid !== object.metadata?.uid) continue;
    const phase = (status?.phase ?? "Pending") as keyof typeof counts;
    if (phase in counts) counts[phase]++;
  }
  return `${counts.Running} Running / ${counts.Pending} Waiting / ${counts.Succeeded} Succeeded / ${counts.Failed} Failed`;
}

/** `describe deployment`. */
export async function describeDeployment(out: Description, session: Session, selected: SelectedObject): Promise<void> {
  const { metadata = {}, spec, status = {} } = selected.object as Deployment;
  out.field(0, "Name", metadata.name ?? "");
  out.field(0, "Namespace", metadata.namespace ?? "");
  out.field(0, "CreationTimestamp", describedTime(metadata.creationTimestamp));
  out.pairs("Labels", metadata.labels);
  out.annotations(metadata.annotations);
  out.field(0, "Selector", selectorText(spec?.selector));
  out.field(
    0,
    "Replicas",
    `${spec?.replicas ?? 1} desired | ${status.updatedReplicas ?? 0} updated | ${status.replicas ?? 0} total | ${status.availableReplicas ?? 0} available | ${status.unavailableReplicas ?? 0} unavailable`,
  );
  out.field(0, "StrategyType", spec?.strategy?.type ?? "");
  out.field(0, "MinReadySeconds", spec?.minReadySeconds ?? 0);
  const rolling = spec?.strategy?.rollingUpdate;
  if (rolling)
    out.field(0, "RollingUpdateStrategy", `${rolling.maxUnavailable ?? "25%"} max unavailable, ${rolling.maxSurge ?? "25%"} max surge`);
  describeTemplate(out, spec?.template);
  if ((status.conditions ?? []).length > 0) {
    out.line(0, "Conditions:\n  Type\tStatus\tReason");
    out.line(1, "----\t------\t------");
    for (const { type, status: value, reason } of status.conditions ?? []) out.line(1, `${type} \t${value}\t${reason ?? ""}`);
  }
  const { oldSets, newSet } = await replicaSetsOf(session, selected);
  const text = (sets: readonly ReplicaSet[]): string =>
    sets.length === 0
      ? "<none>"
      : sets
          .map((set) => `${set.metadata?.name ?? ""} (${set.status?.replicas ?? 0}/${set.spec?.replicas ?? 0} replicas created)`)
          .join(", ");
  if (newSet === undefined) return;
  out.field(0, "OldReplicaSets", text(oldSets));
  out.field(0, "NewReplicaSet", text([newSet]));
}

/** The ReplicaSets of a Deployment: that of the highest revision, and the others that still have one. */
export async function replicaSetsOf(
  session: Session,
  { namespace, object }: SelectedObject,
): Promise<{ newSet: ReplicaSet | undefined; oldSets: ReplicaSet[]; all: ReplicaSet[] }> {
  const mapper = await session.mapper();
  const labelSelector = selectorFromLabelSelector((object as Deployment).spec?.selector).toString();
  const list = (await session.request(
    await mapper.byKind("apps/v1", "ReplicaSet"),
    { namespace },
    { query: { labelSelector } },
  )) as KubeList<ReplicaSet>;
  const owned = list.items.filter(({ metadata }) =>
    metadata?.ownerReferences?.some(({ uid, controller }) => controller && uid === object.metadata?.uid),
  );
  const all = owned.sort((a, b) => revisionOf(a) - revisionOf(b));
  const current = object.metadata?.annotations?.["deployment.kubernetes.io/revision"];
  const newSet = all.find((set) => String(revisionOf(set)) === current) ?? all.at(-1);
  return { newSet, oldSets: all.filter((set) => set !== newSet), all };
}

/** The revision of a ReplicaSet of a Deployment; 0 when it has none. */
export function revisionOf({ metadata }: { readonly metadata?: ReplicaSet["metadata"] }): number {
  return Number(metadata?.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
}

/** `describe replicaset`, `daemonset` and `statefulset`. */
export async function describeReplicated(out: Description, session: Session, selected: SelectedObject): Promise<void> {
  const object = selected.object as ReplicaSet | StatefulSet | DaemonSet;
  const { metadata = {}, spec, status } = object;
  const { kind } = selected.resource;
  out.field(0, "Name", metadata.name ?? "");
  if (kind !== "DaemonSet") out.field(0, "Namespace", metadata.namespace ?? "");
  else out.field(0, "Namespace", metadata.namespace ?? "");
  if (kind === "StatefulSet") out.field(0, "CreationTimestamp", describedTime(metadata.creationTimestamp));
  out.field(0, "Selector", selectorText(spec?.selector));
  if (kind === "DaemonSet")
    out.field(
      0,
      "Node-Selector",
      Object.entries((spec as DaemonSet["spec"])?.template.spec?.nodeSelector ?? {})
        .map((pair) => pair.join("="))
        .join(",") || "<none>",
    );
  out.pairs("Labels", metadata.labels);
  out.annotations(metadata.annotations);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (owner !== undefined) out.field(0, "Controlled By", `${owner.kind}/${owner.name}`);
  if (kind === "DaemonSet") {
    const counts = status as DaemonSet["status"];
    out.field(0, "Desired Number of Nodes Scheduled", counts?.desiredNumberScheduled ?? 0);
    out.field(0, "Current Number of Nodes Scheduled", counts?.currentNumberScheduled ?? 0);
    out.field(0, "Number of Nodes Scheduled with Up-to-date Pods", counts?.updatedNumberScheduled ?? 0);
    out.field(0, "Number of Nodes Scheduled with Available Pods", counts?.numberAvailable ?? 0);
    out.field(0, "Number of Nodes Misscheduled", counts?.numberMisscheduled ?? 0);
  } else {
    const replicas = (spec as ReplicaSet["spec"])?.replicas ?? 1;
    const current = (status as ReplicaSet["status"])?.replicas ?? 0;
    out.field(
      0,
      "Replicas",
      kind === "StatefulSet" ? `${replicas} desired | ${current} total` : `${current} current / ${replicas} desired`,
    );
  }
  if (kind === "StatefulSet") {
    const strategy = (spec as StatefulSet["spec"])?.updateStrategy;
    out.field(0, "Update Strategy", strategy?.type ?? "");
    if (strategy?.rollingUpdate?.partition !== undefined) out.field(1, "Partition", strategy.rollingUpdate.partition);
  }
  out.field(0, "Pods Status", await podStatus(session, selected, spec?.selector));
  describeTemplate(out, spec?.template);
  if (kind !== "StatefulSet") return;
  const claims = (spec as StatefulSet["spec"])?.volumeClaimTemplates ?? [];
  if (claims.length === 0) out.field(0, "Volume Claims", "<none>");
  else out.line(0, "Volume Claims:");
  for (const claim of claims) {
    out.field(1, "Name", claim.metadata?.name ?? "");
    out.field(1, "StorageClass", claim.spec?.storageClassName ?? "");
    out.field(1, "Capacity", claim.spec?.resources?.requests?.storage ?? "<default>");
    out.field(1, "Access Modes", `[${(claim.spec?.accessModes ?? []).join(" ")}]`);
  }
}

/** `describe job`. */
export function describeJob(out: Description, selected: SelectedObject): void {
  const { metadata = {}, spec, status = {} } = selected.object as Job;
  out.field(0, "Name", metadata.name ?? "");
  out.field(0, "Namespace", metadata.namespace ?? "");
  out.field(0, "Selector", selectorText(spec?.selector));
  out.pairs("Labels", metadata.labels);
  out.annotations(metadata.annotations);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (owner !== undefined) out.field(0, "Controlled By", `${owner.kind}/${owner.name}`);
  out.field(0, "Parallelism", spec?.parallelism ?? "<unset>");
  out.field(0, "Completions", spec?.completions ?? "<unset>");
  out.field(0, "Completion Mode", spec?.completionMode ?? "<unset>");
  out.field(0, "Suspend", spec?.suspend ?? false);
  out.field(0, "Backoff Limit", spec?.backoffLimit ?? "<unset>");
  if (status.startTime) out.field(0, "Start Time", describedTime(status.startTime));
  if (status.completionTime) out.field(0, "Completed At", describedTime(status.completionTime));
  if (status.startTime && status.completionTime)
    out.field(0, "Duration", humanDuration(Date.parse(status.completionTime) - Date.parse(status.startTime)));
  if (spec?.activeDeadlineSeconds !== undefined) out.field(0, "Active Deadline Seconds", `${spec.activeDeadlineSeconds}s`);
  const ready = status.ready === undefined ? "" : ` (${status.ready} Ready)`;
  out.field(0, "Pods Statuses", `${status.active ?? 0} Active${ready} / ${status.succeeded ?? 0} Succeeded / ${status.failed ?? 0} Failed`);
  if (spec?.completionMode === "Indexed") out.field(0, "Completed Indexes", status.completedIndexes || "<none>");
  describeTemplate(out, spec?.template);
}

/** `describe cronjob`. */
export function describeCronJob(out: Description, { object }: SelectedObject): void {
  const { spec, status = {} } = object as unknown as CronJob;
  out.metadata(object, true);
  out.field(0, "Schedule", spec?.schedule ?? "");
  out.field(0, "Concurrency Policy", spec?.concurrencyPolicy ?? "Allow");
  out.field(0, "Suspend", spec?.suspend === undefined ? "<unset>" : spec.suspend ? "True" : "False");
  out.field(0, "Successful Job History Limit", spec?.successfulJobsHistoryLimit ?? "<unset>");
  out.field(0, "Failed Job History Limit", spec?.failedJobsHistoryLimit ?? "<unset>");
  out.field(0, "Starting Deadline Seconds", spec?.startingDeadlineSeconds === undefined ? "<unset>" : `${spec.startingDeadlineSeconds}s`);
  const job = spec?.jobTemplate.spec;
  out.field(0, "Selector", job?.selector ? selectorText(job.selector) : "<unset>");
  out.field(0, "Parallelism", job?.parallelism ?? "<unset>");
  out.field(0, "Completions", job?.completions ?? "<unset>");
  describeTemplate(out, job?.template);
  out.field(0, "Last Schedule Time", status.lastScheduleTime ? describedTime(status.lastScheduleTime) : "<unset>");
  const active = status.active ?? [];
  out.field(0, "Active Jobs", active.length === 0 ? "<none>" : active.map(({ name }) => name ?? "").join(", "));
}
