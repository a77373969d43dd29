import { formatTime } from "@skiff/base";
import type { PodStatus } from "@skiff/api";
import { containerStatuses, neverStartedStatuses, type ContainerStatusInput, type WaitingReason } from "./container-status.ts";
import { mergeConditions, podConditions } from "./pod-conditions.ts";
import { podPhase, type PodPhase } from "./pod-phase.ts";
import type { PodState } from "./pod-state.ts";
import { readySandbox } from "./runtime-pod.ts";

/** What the status of a Pod is made from. Nothing else enters it. */
interface PodStatusInput extends ContainerStatusInput {
  readonly state: PodState;
  readonly now: number;
  /** When this node first saw the Pod. */
  readonly startMs: number;
  readonly resizePending?: WaitingReason;
  /** The node's addresses, the primary one first. */
  readonly hostIps: readonly string[];
}

/** The status of a Pod in a state: pure, and complete but for what others own. */
export function statusOf(input: PodStatusInput): PodStatus {
  const { pod, state } = input;
  if (state.name === "Rejected") return rejectedStatus(input, state.reason, state.message);
  const cause = state.name === "Active" || state.name === "Admitting" ? undefined : state.cause;
  const statuses = containerStatuses(input);
  const reported = pod.status?.phase;
  const wasTerminal = reported === "Succeeded" || reported === "Failed";
  const failed = cause?.kind === "failed";
  // A phase that ends a Pod is shown only when nothing of it runs any more, and once shown it stays.
  const computed = podPhase(pod, statuses, input.ended);
  const phase: PodPhase = wasTerminal ? reported : failed && input.ended ? "Failed" : holdBack(computed, input.ended, statuses.app);
  const sandbox = readySandbox(input.runtime);
  const hostNetwork = pod.spec?.hostNetwork === true;
  const addresses = hostNetwork ? input.hostIps : (input.runtime.sandboxes[0]?.ips ?? []);
  const podIps = addresses.length > 0 ? addresses : (pod.status?.podIPs ?? []).map(({ ip }) => ip);
  const status: PodStatus = {
    phase,
    startTime: pod.status?.startTime ?? formatTime(input.startMs),
    conditions: mergeConditions(
      pod,
      podConditions({ pod, phase, statuses, sandboxReady: sandbox !== undefined && !input.ended, resizePending: input.resizePending }),
      formatTime(input.now),
    ),
    hostIP: input.hostIps[0],
    hostIPs: input.hostIps.map((ip) => ({ ip })),
    ...(podIps.length > 0 ? { podIP: podIps[0], podIPs: podIps.map((ip) => ({ ip })) } : {}),
    containerStatuses: statuses.app,
    qosClass: pod.status?.qosClass,
  };
  if (statuses.init.length > 0) status.initContainerStatuses = statuses.init;
  if (statuses.ephemeral.length > 0) status.ephemeralContainerStatuses = statuses.ephemeral;
  if (pod.metadata?.generation !== undefined) status.observedGeneration = pod.metadata.generation;
  if (failed) {
    status.reason = cause.reason;
    status.message = cause.message;
  } else if (wasTerminal) {
    status.reason = pod.status?.reason;
    status.message = pod.status?.message;
  }
  return status;
}

/** Containers that still run (a sidecar, an ephemeral container) keep the Pod from being shown as over. */
function holdBack(phase: PodPhase, ended: boolean, apps: readonly { state?: { waiting?: unknown } }[]): PodPhase {
  if (ended || (phase !== "Succeeded" && phase !== "Failed")) return phase;
  return apps.length > 0 && apps.every(({ state }) => state?.waiting !== undefined) ? "Pending" : "Running";
}

/** A Pod that the node refused: no container was ever made. */
function rejectedStatus(input: PodStatusInput, reason: string, message: string): PodStatus {
  const { pod } = input;
  const containers = neverStartedStatuses(pod.spec?.containers ?? []);
  return {
    phase: "Failed",
    reason,
    message,
    startTime: pod.status?.startTime ?? formatTime(input.startMs),
    conditions: mergeConditions(
      pod,
      podConditions({ pod, phase: "Failed", statuses: { init: [], app: containers, ephemeral: [] }, sandboxReady: false }),
      formatTime(input.now),
    ),
    qosClass: pod.status?.qosClass,
  };
}
