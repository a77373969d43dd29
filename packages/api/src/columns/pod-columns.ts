import { isConditionTrue } from "../conditions.ts";
import type { ContainerState, ContainerStatus, Pod } from "../generated/types.ts";
import { ageSince } from "../human-duration.ts";
import type { Column } from "../kind.ts";
import { isSidecar } from "../pod-resources.ts";
import { ageColumn, NONE, textColumn } from "./common-columns.ts";

/** What one line about a Pod says beside its name. */
export interface PodSummary {
  /** `1/2`: containers that are ready, of all that run on. */
  readonly ready: string;
  /** The phase, or what keeps the Pod from running: `Init:0/1`, `CrashLoopBackOff`, `Completed`, `Terminating`. */
  readonly status: string;
  readonly restarts: number;
  /** When a container was last restarted; absent if none was. */
  readonly lastRestart?: string;
}

/** The way in which a container ended, in a word. */
function endOf(terminated: NonNullable<ContainerState["terminated"]>): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

/** Restarts, and the last of them. */
class Restarts {
  count = 0;
  last: string | undefined;

  add(status: ContainerStatus): void {
    this.count += status.restartCount ?? 0;
    const finished = status.lastState?.terminated?.finishedAt;
    if (finished !== undefined && (this.last === undefined || Date.parse(finished) > Date.parse(this.last))) this.last = finished;
  }
}

interface InitSummary {
  /** Present while init containers still run or have failed. */
  readonly status?: string;
  readonly readySidecars: number;
  readonly all: Restarts;
  readonly sidecars: Restarts;
}

function summarizeInit(pod: Pod): InitSummary {
  const containers = new Map((pod.spec?.initContainers ?? []).map((container) => [container.name, container]));
  const all = new Restarts();
  const sidecars = new Restarts();
  let readySidecars = 0;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const container = containers.get(status.name);
    const sidecar = container !== undefined && isSidecar(container);
    all.add(status);
    if (sidecar) sidecars.add(status);
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && status.started) {
      if (status.ready) readySidecars++;
      continue;
    }
    const summary = (text: string): InitSummary => ({ status: `Init:${text}`, readySidecars, all, sidecars });
    if (terminated) return summary(endOf(terminated));
    if (waiting?.reason && waiting.reason !== "PodInitializing") return summary(waiting.reason);
    return summary(`${index}/${pod.spec?.initContainers?.length ?? 0}`);
  }
  return { readySidecars, all, sidecars };
}

function phaseOf(pod: Pod): string {
  const gated = pod.status?.conditions?.some((condition) => condition.type === "PodScheduled" && condition.reason === "SchedulingGated");
  return gated ? "SchedulingGated" : pod.status?.reason || pod.status?.phase || "";
}

/** Sums a Pod up as `kubectl get pods` shows it. */
export function summarizePod(pod: Pod): PodSummary {
  const init = summarizeInit(pod);
  const total = (pod.spec?.containers ?? []).length + (pod.spec?.initContainers ?? []).filter(isSidecar).length;
  let status = init.status ?? phaseOf(pod);
  let ready = init.readySidecars;
  let restarts = init.all;
  if (init.status === undefined || isConditionTrue(pod.status?.conditions, "Initialized")) {
    restarts = init.sidecars;
    let running = false;
    // From the last to the first, so that the first container that has something to say is heard.
    for (const container of (pod.status?.containerStatuses ?? []).toReversed()) {
      restarts.add(container);
      const { waiting, terminated } = container.state ?? {};
      if (waiting?.reason) status = waiting.reason;
      else if (terminated) status = endOf(terminated);
      else if (container.ready && container.state?.running) {
        running = true;
        ready++;
      }
    }
    if (status === "Completed" && running) status = isConditionTrue(pod.status?.conditions, "Ready") ? "Running" : "NotReady";
  }
  if (pod.metadata?.deletionTimestamp !== undefined) {
    const ended = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (pod.status?.reason === "NodeLost") status = "Unknown";
    else if (!ended) status = "Terminating";
  }
  const summary = { ready: `${ready}/${total}`, status, restarts: restarts.count };
  return restarts.last === undefined ? summary : { ...summary, lastRestart: restarts.last };
}

function restartsText(pod: Pod, nowMs: number): string {
  const { restarts, lastRestart } = summarizePod(pod);
  return restarts > 0 && lastRestart !== undefined ? `${restarts} (${ageSince(lastRestart, nowMs)} ago)` : `${restarts}`;
}

function gatesText(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  return `${gates.filter((gate) => isConditionTrue(pod.status?.conditions, gate.conditionType)).length}/${gates.length}`;
}

/** What `kubectl get pods` shows. */
export const podColumns: readonly Column<Pod>[] = [
  textColumn("Ready", "The aggregate readiness state of this pod for accepting traffic.", (pod) => summarizePod(pod).ready),
  textColumn("Status", "The aggregate status of the containers in this pod.", (pod) => summarizePod(pod).status),
  textColumn(
    "Restarts",
    "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
    restartsText,
  ),
  ageColumn,
  textColumn(
    "IP",
    "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.",
    (pod) => pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || NONE,
    1,
  ),
  textColumn("Node", "NodeName indicates in which node this pod is scheduled.", (pod) => pod.spec?.nodeName || NONE, 1),
  textColumn(
    "Nominated Node",
    "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods.",
    (pod) => pod.status?.nominatedNodeName || NONE,
    1,
  ),
  textColumn("Readiness Gates", "If specified, all readiness gates will be evaluated for pod readiness.", gatesText, 1),
];
