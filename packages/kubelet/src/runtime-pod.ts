import type { Container, ContainerRuntime, ContainerStatus, PodSandbox, PodSandboxStatus } from "./container-runtime.ts";
import {
  CONTAINER_NAME_LABEL,
  POD_NAME_LABEL,
  POD_NAMESPACE_LABEL,
  POD_UID_LABEL,
  readContainerRecord,
  type ContainerRecord,
} from "./runtime-labels.ts";

/** A container as the runtime sees it, with what our annotations say. */
export interface RuntimeContainer extends ContainerStatus {
  readonly name: string;
  readonly record: ContainerRecord;
}

/** All that the runtime has of one Pod: the observed side of a Pod worker. */
export interface RuntimePod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Newest first. Only the first has been asked for its addresses. */
  readonly sandboxes: readonly PodSandboxStatus[];
  /** Newest first. */
  readonly containers: readonly RuntimeContainer[];
}

/** Asks the runtime for everything of one Pod. */
export async function readRuntimePod(
  runtime: ContainerRuntime,
  pod: { uid: string; name: string; namespace: string },
): Promise<RuntimePod> {
  const labels = { [POD_UID_LABEL]: pod.uid };
  const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes({ labels }), runtime.listContainers({ labels })]);
  const newest = [...sandboxes].sort(newestFirst);
  const [first, statuses] = await Promise.all([
    newest[0] === undefined ? undefined : runtime.podSandboxStatus(newest[0].id),
    Promise.all(containers.map((container) => runtime.containerStatus(container.id))),
  ]);
  const known = newest.map((sandbox, index): PodSandboxStatus => (index === 0 && first !== undefined ? first : { ...sandbox, ips: [] }));
  return {
    ...pod,
    sandboxes: known,
    // A container that went between the two questions is left out: the next pass sees the runtime without it.
    containers: statuses
      .filter((status) => status !== undefined)
      .map(asRuntimeContainer)
      .sort(newestFirst),
  };
}

function asRuntimeContainer(status: ContainerStatus): RuntimeContainer {
  const name = status.labels[CONTAINER_NAME_LABEL] ?? status.metadata.name;
  return { ...status, name, record: readContainerRecord(status.annotations) };
}

/** The newest container of that name. */
export function latestContainer(pod: RuntimePod, name: string): RuntimeContainer | undefined {
  return pod.containers.find((container) => container.name === name);
}

/** The sandbox that the Pod's containers run in, when it is ready. */
export function readySandbox(pod: RuntimePod): PodSandboxStatus | undefined {
  const [newest] = pod.sandboxes;
  return newest?.state === "SANDBOX_READY" ? newest : undefined;
}

/** True while a container may have a process. One that was created and never started counts: it may be starting now. */
export function isAlive(container: Pick<Container, "state">): boolean {
  return container.state !== "CONTAINER_EXITED";
}

/** The Pod that a sandbox or container belongs to, by its labels; undefined when it is not one of ours. */
export function podOf(item: Pick<PodSandbox | Container, "labels">): { uid: string; name: string; namespace: string } | undefined {
  const uid = item.labels[POD_UID_LABEL];
  if (uid === undefined || uid === "") return undefined;
  return { uid, name: item.labels[POD_NAME_LABEL] ?? "", namespace: item.labels[POD_NAMESPACE_LABEL] ?? "" };
}

function newestFirst(
  a: { createdAtNs: number; metadata: { attempt: number } },
  b: { createdAtNs: number; metadata: { attempt: number } },
): number {
  return b.createdAtNs - a.createdAtNs || b.metadata.attempt - a.metadata.attempt;
}
