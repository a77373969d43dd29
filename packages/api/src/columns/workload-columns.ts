import { isConditionTrue } from "../conditions.ts";
import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  PodTemplate,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from "../generated/types.ts";
import { ageSince, humanDuration } from "../human-duration.ts";
import type { Column } from "../kind.ts";
import { ageColumn, labelsText, NONE, numberColumn, selectorText, templateColumns, textColumn } from "./common-columns.ts";

/** What `kubectl get deployments` shows. */
export const deploymentColumns: readonly Column<Deployment>[] = [
  textColumn("Ready", "Number of the pod with ready state", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  numberColumn(
    "Up-to-date",
    "Total number of non-terminating pods targeted by this deployment that have the desired template spec.",
    ({ status }) => status?.updatedReplicas,
  ),
  numberColumn(
    "Available",
    "Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.",
    ({ status }) => status?.availableReplicas,
  ),
  ageColumn,
  ...templateColumns<Deployment>(
    ({ spec }) => spec?.template,
    ({ spec }) => selectorText(spec?.selector),
  ),
];

/** What `kubectl get replicasets` shows. */
export const replicaSetColumns: readonly Column<ReplicaSet>[] = [
  numberColumn("Desired", "Replicas is the number of desired pods.", ({ spec }) => spec?.replicas),
  numberColumn("Current", "Replicas is the most recently observed number of non-terminating pods.", ({ status }) => status?.replicas),
  numberColumn(
    "Ready",
    "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.",
    ({ status }) => status?.readyReplicas,
  ),
  ageColumn,
  ...templateColumns<ReplicaSet>(
    ({ spec }) => spec?.template,
    ({ spec }) => selectorText(spec?.selector),
  ),
];

/** What `kubectl get replicationcontrollers` shows. */
export const replicationControllerColumns: readonly Column<ReplicationController>[] = [
  numberColumn("Desired", "Replicas is the number of desired replicas.", ({ spec }) => spec?.replicas),
  numberColumn("Current", "Replicas is the most recently observed number of replicas.", ({ status }) => status?.replicas),
  numberColumn("Ready", "The number of ready replicas for this replication controller.", ({ status }) => status?.readyReplicas),
  ageColumn,
  ...templateColumns<ReplicationController>(
    ({ spec }) => spec?.template,
    ({ spec }) => labelsText(spec?.selector),
  ),
];

/** What `kubectl get statefulsets` shows. */
export const statefulSetColumns: readonly Column<StatefulSet>[] = [
  textColumn("Ready", "Number of the pod with ready state", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  ageColumn,
  ...templateColumns<StatefulSet>(({ spec }) => spec?.template),
];

/** What `kubectl get daemonsets` shows. */
export const daemonSetColumns: readonly Column<DaemonSet>[] = [
  numberColumn(
    "Desired",
    "The total number of nodes that should be running the daemon pod.",
    ({ status }) => status?.desiredNumberScheduled,
  ),
  numberColumn(
    "Current",
    "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod.",
    ({ status }) => status?.currentNumberScheduled,
  ),
  numberColumn(
    "Ready",
    "The number of nodes that should be running the daemon pod and have one or more of it ready.",
    ({ status }) => status?.numberReady,
  ),
  numberColumn(
    "Up-to-date",
    "The total number of nodes that are running updated daemon pod",
    ({ status }) => status?.updatedNumberScheduled,
  ),
  numberColumn(
    "Available",
    "The number of nodes that should be running the daemon pod and have one or more of it running and available.",
    ({ status }) => status?.numberAvailable,
  ),
  textColumn("Node Selector", "Selector which must match a node's labels for the pod to be scheduled on that node.", ({ spec }) =>
    labelsText(spec?.template?.spec?.nodeSelector),
  ),
  ageColumn,
  ...templateColumns<DaemonSet>(
    ({ spec }) => spec?.template,
    ({ spec }) => selectorText(spec?.selector),
  ),
];

const JOB_STATES = ["Complete", "Failed"] as const;
const RUNNING_STATES = ["Suspended", "FailureTarget", "SuccessCriteriaMet"] as const;

function jobStatus(job: Job): string {
  const has = (type: string): boolean => isConditionTrue(job.status?.conditions, type);
  const ended = JOB_STATES.find(has);
  if (ended !== undefined) return ended;
  if (job.metadata?.deletionTimestamp !== undefined) return "Terminating";
  return RUNNING_STATES.find(has) ?? "Running";
}

function completions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: Job, nowMs: number): string {
  if (status?.startTime === undefined) return "";
  const endMs = status.completionTime === undefined ? nowMs : Date.parse(status.completionTime);
  return humanDuration(endMs - Date.parse(status.startTime));
}

/** What `kubectl get jobs` shows. */
export const jobColumns: readonly Column<Job>[] = [
  textColumn("Status", "Status of the job.", jobStatus),
  textColumn("Completions", "Number of the pod with succeeded state", completions),
  textColumn("Duration", "Time required to complete the job.", jobDuration),
  ageColumn,
  ...templateColumns<Job>(
    ({ spec }) => spec?.template,
    ({ spec }) => selectorText(spec?.selector),
  ),
];

/** What `kubectl get cronjobs` shows. */
export const cronJobColumns: readonly Column<CronJob>[] = [
  textColumn("Schedule", "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.", ({ spec }) => spec?.schedule),
  textColumn("Timezone", "The time zone name for the given schedule.", ({ spec }) => spec?.timeZone ?? NONE),
  textColumn("Suspend", "This flag tells the controller to suspend subsequent executions.", ({ spec }) =>
    spec?.suspend ? "True" : "False",
  ),
  numberColumn("Active", "A list of pointers to currently running jobs.", ({ status }) => status?.active?.length),
  textColumn("Last Schedule", "Information when was the last time the job was successfully scheduled.", ({ status }, nowMs) =>
    status?.lastScheduleTime === undefined ? NONE : ageSince(status.lastScheduleTime, nowMs),
  ),
  ageColumn,
  ...templateColumns<CronJob>(
    ({ spec }) => spec?.jobTemplate?.spec?.template,
    ({ spec }) => selectorText(spec?.jobTemplate?.spec?.selector),
  ),
];

/** What `kubectl get controllerrevisions` shows. */
export const controllerRevisionColumns: readonly Column<ControllerRevision>[] = [
  textColumn("Controller", "Controller of the object", ({ metadata }) => {
    const owner = metadata?.ownerReferences?.find((reference) => reference.controller);
    if (owner === undefined) return NONE;
    const group = owner.apiVersion.includes("/") ? `.${owner.apiVersion.split("/")[0]}` : "";
    return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
  }),
  numberColumn("Revision", "Revision indicates the revision of the state represented by Data.", ({ revision }) => revision),
  ageColumn,
];

/** What `kubectl get podtemplates` shows. */
export const podTemplateColumns: readonly Column<PodTemplate>[] = [
  textColumn("Containers", "Names of each container in the template.", ({ template }) =>
    template?.spec?.containers.map(({ name }) => name).join(","),
  ),
  textColumn("Images", "Images referenced by each container in the template.", ({ template }) =>
    template?.spec?.containers.map(({ image }) => image ?? "").join(","),
  ),
  textColumn("Pod Labels", "The labels for the pod template.", ({ template }) => labelsText(template?.metadata?.labels)),
];
