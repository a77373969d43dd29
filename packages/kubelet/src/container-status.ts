import { formatTime } from "@skiff/base";
import type { Container, ContainerState, ContainerStatus, Pod, ResourceRequirements, VolumeMount, VolumeMountStatus } from "@skiff/api";
import { allContainers, isSidecar, restartsAfter, type PodContainer } from "./pod-containers.ts";
import type { ProbeView } from "./probe-view.ts";
import type { RuntimeContainer, RuntimePod } from "./runtime-pod.ts";

/** Why a container is not running, in upstream's words: `CrashLoopBackOff`, `ErrImagePull`, … */
export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

/** What the status of containers is made from. */
export interface ContainerStatusInput {
  readonly pod: Pod;
  readonly runtime: RuntimePod;
  readonly probes: ProbeView;
  /** The runtime's name, which stands before container ids: `containerd`. */
  readonly runtimeName: string;
  /** By container name: why the last attempt to start it came to nothing. */
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  /** Ids of containers whose `postStart` hook has not returned: they count as being created. */
  readonly hooked: ReadonlySet<string>;
  /** By container id: the last words that it left, once it has ended. */
  readonly messages: ReadonlyMap<string, string>;
  /** By container id: resources that were changed while it ran; others have what they were created with. */
  readonly appliedResources: ReadonlyMap<string, ResourceRequirements>;
  /** No container will be started any more, and none is alive. */
  readonly ended: boolean;
}

/** The three lists of container statuses. */
export interface ContainerStatuses {
  readonly init: ContainerStatus[];
  readonly app: ContainerStatus[];
  readonly ephemeral: ContainerStatus[];
}

/** The status of every container, in the order of the specification. */
export function containerStatuses(input: ContainerStatusInput): ContainerStatuses {
  const answer: ContainerStatuses = { init: [], app: [], ephemeral: [] };
  for (const spec of allContainers(input.pod)) answer[spec.kind].push(containerStatus(input, spec));
  return answer;
}

function containerStatus(input: ContainerStatusInput, spec: PodContainer): ContainerStatus {
  const { container } = spec;
  const ours = input.runtime.containers.filter(({ name }) => name === container.name);
  const previous = reportedStatus(input.pod, spec);
  const status = ours.length > 0 ? fromRuntime(input, spec, ours, previous) : withoutRuntime(input, spec, previous);
  const problem = input.waiting.get(container.name);
  if (problem !== undefined && !status.state?.running && !input.ended && mayStart(input, spec, status)) {
    if (status.state?.terminated) status.lastState = status.state;
    status.state = { waiting: { reason: problem.reason, message: problem.message } };
  }
  return withReadiness(input, spec, status, ours[0]);
}

/** True when a reason not to start the container still matters. */
function mayStart(input: ContainerStatusInput, spec: PodContainer, status: ContainerStatus): boolean {
  const terminated = status.state?.terminated;
  return terminated === undefined || restartsAfter(input.pod, spec, terminated.exitCode) || terminated.exitCode !== 0;
}

function fromRuntime(
  input: ContainerStatusInput,
  { container }: PodContainer,
  ours: readonly RuntimeContainer[],
  previous: ContainerStatus | undefined,
): ContainerStatus {
  const [latest, ...older] = ours;
  const lastEnded = older.find((candidate) => candidate.state === "CONTAINER_EXITED");
  const reported = previous?.state?.terminated ?? previous?.lastState?.terminated;
  const carried = lastEnded === undefined && reported?.containerID !== containerId(input, latest!) ? reported : undefined;
  const status: ContainerStatus = {
    name: container.name,
    image: latest!.image || container.image || "",
    imageID: latest!.imageRef,
    containerID: containerId(input, latest!),
    restartCount: latest!.record.restartCount,
    state: stateOf(input, latest!),
    lastState:
      lastEnded !== undefined ? { terminated: terminated(input, lastEnded) } : carried !== undefined ? { terminated: carried } : {},
    ready: false,
  };
  if (status.state?.waiting) delete status.containerID;
  return status;
}

/** The runtime knows nothing of it: not started yet, or collected, or lost with the machine. */
function withoutRuntime(input: ContainerStatusInput, spec: PodContainer, previous: ContainerStatus | undefined): ContainerStatus {
  const { container } = spec;
  const { pod } = input;
  const initializing = (pod.spec?.initContainers?.length ?? 0) > 0 && spec.kind !== "ephemeral";
  const waiting: ContainerState = { waiting: { reason: initializing ? "PodInitializing" : "ContainerCreating" } };
  const status: ContainerStatus = {
    name: container.name,
    image: container.image ?? "",
    imageID: "",
    restartCount: previous?.restartCount ?? 0,
    state: waiting,
    lastState: previous?.lastState ?? {},
    ready: false,
  };
  if (previous?.state?.terminated !== undefined) {
    // It ended and was collected; what it said is kept. The next start, if any, replaces this.
    return { ...status, image: previous.image, imageID: previous.imageID, containerID: previous.containerID, state: previous.state };
  }
  if (previous?.state?.running !== undefined) {
    const lost = lostState("The container could not be located when the pod was terminated");
    return input.ended
      ? { ...status, state: { terminated: lost } }
      : {
          ...status,
          lastState: { terminated: lost },
          restartCount: status.restartCount + (restartsAfter(pod, spec, lost.exitCode) ? 1 : 0),
        };
  }
  return status;
}

/** What is said of a container whose end nobody saw. */
function lostState(message: string): NonNullable<ContainerState["terminated"]> {
  return { exitCode: 137, reason: "ContainerStatusUnknown", message };
}

function stateOf(input: ContainerStatusInput, container: RuntimeContainer): ContainerState {
  switch (container.state) {
    case "CONTAINER_RUNNING":
      if (input.hooked.has(container.id)) return { waiting: { reason: "ContainerCreating" } };
      return { running: { startedAt: timeOf(container.startedAtNs) } };
    case "CONTAINER_EXITED":
      return { terminated: terminated(input, container) };
    default:
      if (input.ended) return { terminated: lostState("The container could not be located when the pod was terminated") };
      return { waiting: { reason: input.pod.spec?.initContainers?.length ? "PodInitializing" : "ContainerCreating" } };
  }
}

function terminated(input: ContainerStatusInput, container: RuntimeContainer): NonNullable<ContainerState["terminated"]> {
  const message = input.messages.get(container.id) || container.message;
  return {
    exitCode: container.exitCode,
    reason: container.reason || (container.exitCode === 0 ? "Completed" : "Error"),
    ...(message ? { message } : {}),
    startedAt: timeOf(container.startedAtNs || container.createdAtNs),
    finishedAt: timeOf(container.finishedAtNs),
    containerID: containerId(input, container),
  };
}

function withReadiness(
  input: ContainerStatusInput,
  { kind, container }: PodContainer,
  status: ContainerStatus,
  latest: RuntimeContainer | undefined,
): ContainerStatus {
  const running = status.state?.running !== undefined && latest !== undefined;
  if (container.volumeMounts !== undefined && latest !== undefined) status.volumeMounts = container.volumeMounts.map(mountStatus);
  const resources = running ? (input.appliedResources.get(latest.id) ?? latest.record.resources) : undefined;
  if (resources !== undefined && Object.keys(resources).length > 0) {
    status.resources = resources;
    if (resources.requests !== undefined) status.allocatedResources = resources.requests;
  }
  if (kind === "ephemeral") return status;
  const started = running && input.probes.started(latest.id);
  status.started = started;
  if (kind === "init" && !isSidecar(container)) status.ready = status.state?.terminated?.exitCode === 0;
  else status.ready = started && input.probes.ready(latest.id);
  return status;
}

function mountStatus({ name, mountPath, readOnly }: VolumeMount): VolumeMountStatus {
  return readOnly ? { name, mountPath, readOnly, recursiveReadOnly: "Disabled" } : { name, mountPath };
}

/** What the API holds of the container now. */
function reportedStatus(pod: Pod, { kind, container }: PodContainer): ContainerStatus | undefined {
  const { initContainerStatuses, containerStatuses: apps, ephemeralContainerStatuses } = pod.status ?? {};
  const list = kind === "init" ? initContainerStatuses : kind === "app" ? apps : ephemeralContainerStatuses;
  return list?.find(({ name }) => name === container.name);
}

function containerId(input: ContainerStatusInput, container: Pick<RuntimeContainer, "id">): string {
  return `${input.runtimeName}://${container.id}`;
}

function timeOf(ns: number): string {
  return formatTime(ns / 1e6);
}

/** Statuses of a Pod that never ran here: every container waits or, once the Pod has failed, was never made. */
export function neverStartedStatuses(containers: readonly Container[]): ContainerStatus[] {
  return containers.map((container) => ({
    name: container.name,
    image: container.image ?? "",
    imageID: "",
    restartCount: 0,
    state: { waiting: { reason: "ContainerCreating" } },
    lastState: {},
    ready: false,
    started: false,
  }));
}
