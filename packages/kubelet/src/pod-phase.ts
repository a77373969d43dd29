import type { Container, ContainerStatus, Pod } from "@skiff/api";
import type { ContainerStatuses } from "./container-status.ts";
import { isSidecar, restartsAfter } from "./pod-containers.ts";

/** The five phases, without `Unknown`, which no kubelet writes. */
export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

/** The phase that the containers add up to. `ended`: none of them is alive and none will be started again. */
export function podPhase(pod: Pod, statuses: ContainerStatuses, ended: boolean): PodPhase {
  const init = initPhase(pod, statuses.init);
  if (init === "failed") return "Failed";

  const count = { waiting: 0, running: 0, stopped: 0, succeeded: 0 };
  for (const status of statuses.app) {
    const { state, lastState } = status;
    if (state?.running) count.running++;
    else if (state?.terminated) {
      count.stopped++;
      if (state.terminated.exitCode === 0) count.succeeded++;
    } else if (lastState?.terminated) count.stopped++;
    else count.waiting++;
  }
  if (ended) return count.stopped > 0 && count.stopped === count.succeeded && count.waiting === 0 ? "Succeeded" : "Failed";
  if (init === "pending" || count.waiting > 0) return "Pending";
  if (count.running > 0) return "Running";
  if (count.stopped === 0) return "Pending";
  const goesOn = statuses.app.some((status) => willRestart(pod, status));
  if (goesOn) return "Running";
  return count.stopped === count.succeeded ? "Succeeded" : "Failed";
}

function willRestart(pod: Pod, status: ContainerStatus): boolean {
  const container = pod.spec?.containers.find(({ name }) => name === status.name);
  if (container === undefined) return false;
  const exitCode = (status.state?.terminated ?? status.lastState?.terminated)?.exitCode;
  // Waiting after an end means that a new start is due.
  if (status.state?.waiting) return restartsAfter(pod, { kind: "app", container }, exitCode ?? 1);
  return exitCode !== undefined && restartsAfter(pod, { kind: "app", container }, exitCode);
}

function initPhase(pod: Pod, statuses: readonly ContainerStatus[]): "done" | "pending" | "failed" {
  let pending = false;
  for (const container of pod.spec?.initContainers ?? []) {
    const status = statuses.find(({ name }) => name === container.name);
    if (isSidecar(container)) {
      pending ||= status?.started !== true && status?.lastState?.terminated === undefined && status?.state?.terminated === undefined;
      continue;
    }
    const ended = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
    if (status?.state?.terminated?.exitCode === 0) continue;
    if (ended !== undefined && ended.exitCode !== 0 && !restartsAfter(pod, { kind: "init", container }, ended.exitCode)) return "failed";
    pending = true;
  }
  return pending ? "pending" : "done";
}

/** True once all init containers have done their part: ended well or, as sidecars, started. */
export function incompleteInitContainers(containers: readonly Container[], statuses: readonly ContainerStatus[]): string[] {
  return containers
    .filter((container) => {
      const status = statuses.find(({ name }) => name === container.name);
      return isSidecar(container) ? status?.started !== true : status?.state?.terminated?.exitCode !== 0;
    })
    .map(({ name }) => name);
}
