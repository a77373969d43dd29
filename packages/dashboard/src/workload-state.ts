import {
  isConditionTrue,
  type CronJob,
  type DaemonSet,
  type Deployment,
  type Job,
  type KubeObject,
  type Pod,
  type StatefulSet,
} from "@skiff/api";

/** How well a workload is: in order, changing, in need of somebody, or ended or resting by intent. */
export type StateLevel = "good" | "busy" | "bad" | "rest";

/** The state of a workload in a word, for counting and for people. */
export interface WorkloadState {
  readonly level: StateLevel;
  readonly word: string;
}

const state = (level: StateLevel, word: string): WorkloadState => ({ level, word });
const TERMINATING = state("busy", "Terminating");

/** Waiting reasons that do not pass by themselves (the kubelet's words). */
const STUCK =
  /^(CrashLoopBackOff|ImagePullBackOff|ErrImagePull|ErrImageNeverPull|InvalidImageName|CreateContainer(Config)?Error|RunContainerError)$/;

/** The state of a Pod, as `kubectl get` sums it up in fewer words. */
export function podState({ metadata, status }: Pod): WorkloadState {
  if (metadata?.deletionTimestamp !== undefined) return TERMINATING;
  if (status?.phase === "Succeeded") return state("rest", "Completed");
  if (status?.phase === "Failed") return state("bad", status.reason ?? "Failed");
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const stuck = containers.map(({ state: now }) => now?.waiting?.reason ?? "").find((reason) => STUCK.test(reason));
  if (stuck !== undefined) return state("bad", stuck);
  if (status?.phase !== "Running") return state("busy", status?.phase ?? "Pending");
  return isConditionTrue(status.conditions, "Ready") ? state("good", "Running") : state("busy", "Not ready");
}

function replicasState(object: KubeObject, wanted: number, ready: number, updated: number): WorkloadState {
  if (object.metadata?.deletionTimestamp !== undefined) return TERMINATING;
  if (wanted === 0 && ready === 0) return state("rest", "Scaled to zero");
  return ready >= wanted && updated >= wanted ? state("good", "Ready") : state("busy", "Progressing");
}

/** The state of a Deployment; a rollout past its deadline has failed. */
export function deploymentState(deployment: Deployment): WorkloadState {
  const { spec, status } = deployment;
  const isLate = status?.conditions?.some(({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded") ?? false;
  if (isLate) return state("bad", "Deadline exceeded");
  return replicasState(deployment, spec?.replicas ?? 1, status?.readyReplicas ?? 0, status?.updatedReplicas ?? 0);
}

/** The state of a StatefulSet. */
export function statefulSetState(set: StatefulSet): WorkloadState {
  const { spec, status } = set;
  return replicasState(set, spec?.replicas ?? 1, status?.readyReplicas ?? 0, status?.updatedReplicas ?? 0);
}

/** The state of a DaemonSet: one Pod on each of its nodes. */
export function daemonSetState(set: DaemonSet): WorkloadState {
  const { desiredNumberScheduled = 0, numberReady = 0, updatedNumberScheduled = 0 } = set.status ?? {};
  return desiredNumberScheduled === 0
    ? state("rest", "No nodes")
    : replicasState(set, desiredNumberScheduled, numberReady, updatedNumberScheduled);
}

/** The state of a Job. */
export function jobState({ metadata, spec, status }: Job): WorkloadState {
  const has = (type: string): boolean => isConditionTrue(status?.conditions, type);
  if (metadata?.deletionTimestamp !== undefined) return TERMINATING;
  if (has("Complete")) return state("rest", "Complete");
  if (has("Failed")) return state("bad", "Failed");
  return spec?.suspend === true ? state("rest", "Suspended") : state("busy", "Running");
}

/** The state of a CronJob. */
export function cronJobState({ spec, status }: CronJob): WorkloadState {
  if (spec?.suspend === true) return state("rest", "Suspended");
  return (status?.active?.length ?? 0) > 0 ? state("busy", "Active") : state("good", "Waiting for its time");
}
