import type { ContainerStatus, Pod, PodCondition } from "@skiff/api";
import type { ContainerStatuses } from "./container-status.ts";
import { isSidecar } from "./pod-containers.ts";
import { incompleteInitContainers, type PodPhase } from "./pod-phase.ts";

/** The conditions that the kubelet owns; all others belong to someone else and are left alone. */
export const KUBELET_CONDITIONS: readonly string[] = [
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
  "PodResizePending",
  "PodResizeInProgress",
];

/** A condition without its times. */
type BareCondition = Pick<PodCondition, "type" | "status" | "reason" | "message">;

/** What the conditions follow from. */
interface ConditionInput {
  readonly pod: Pod;
  readonly phase: PodPhase;
  readonly statuses: ContainerStatuses;
  /** The sandbox is ready and has its network. */
  readonly sandboxReady: boolean;
  /** Why resources that were asked for are not given: `Infeasible` or `Deferred`. */
  readonly resizePending?: { readonly reason: string; readonly message: string };
}

/** All conditions that the kubelet owns, in the order in which upstream writes them. */
export function podConditions(input: ConditionInput): BareCondition[] {
  const containersReady = containersReadyCondition(input);
  return [
    { type: "PodReadyToStartContainers", status: input.sandboxReady ? "True" : "False" },
    initializedCondition(input),
    readyCondition(input, containersReady),
    containersReady,
    { type: "PodScheduled", status: "True" },
    ...(input.resizePending === undefined ? [] : [{ type: "PodResizePending", status: "True", ...input.resizePending }]),
  ];
}

function initializedCondition({ pod, phase, statuses }: ConditionInput): BareCondition {
  const inits = pod.spec?.initContainers ?? [];
  const type = "Initialized";
  if (inits.length === 0 || phase === "Succeeded") {
    return phase === "Succeeded" ? { type, status: "True", reason: "PodCompleted" } : { type, status: "True" };
  }
  const unknown = inits.filter(({ name }) => !statuses.init.some((status) => status.name === name)).map(({ name }) => name);
  const incomplete = incompleteInitContainers(inits, statuses.init).filter((name) => !unknown.includes(name));
  // Once an app container runs, initialisation is over, even when a sidecar has to be started again.
  const begun = statuses.app.some(({ state, lastState }) => state?.running ?? state?.terminated ?? lastState?.terminated);
  if (begun || incomplete.length + unknown.length === 0) return { type, status: "True" };
  return { type, status: "False", reason: "ContainersNotInitialized", message: describe({ unknown, incomplete }) };
}

function containersReadyCondition({ pod, phase, statuses }: ConditionInput): BareCondition {
  const type = "ContainersReady";
  if (phase === "Succeeded") return { type, status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { type, status: "False", reason: "PodFailed" };
  const specs = [...(pod.spec?.initContainers ?? []).filter(isSidecar), ...(pod.spec?.containers ?? [])];
  const known: readonly ContainerStatus[] = [...statuses.init, ...statuses.app];
  const unready = specs.map(({ name }) => name).filter((name) => known.find((status) => status.name === name)?.ready !== true);
  if (unready.length === 0) return { type, status: "True" };
  return { type, status: "False", reason: "ContainersNotReady", message: `containers with unready status: [${unready.join(" ")}]` };
}

function readyCondition({ pod }: ConditionInput, containersReady: BareCondition): BareCondition {
  const type = "Ready";
  if (containersReady.status !== "True") return { ...containersReady, type };
  const problems: string[] = [];
  for (const { conditionType } of pod.spec?.readinessGates ?? []) {
    const condition = pod.status?.conditions?.find((candidate) => candidate.type === conditionType);
    if (condition === undefined) problems.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (condition.status !== "True") {
      problems.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`);
    }
  }
  if (problems.length === 0) return { type, status: "True" };
  return { type, status: "False", reason: "ReadinessGatesNotReady", message: problems.join(", ") };
}

function describe(groups: { unknown: readonly string[]; incomplete: readonly string[] }): string {
  const parts: string[] = [];
  if (groups.unknown.length > 0) parts.push(`containers with unknown status: [${groups.unknown.join(" ")}]`);
  if (groups.incomplete.length > 0) parts.push(`containers with incomplete status: [${groups.incomplete.join(" ")}]`);
  return parts.join(", ");
}

/** Puts the conditions into those that the API holds: times change with the status, foreign ones stay. */
export function mergeConditions(pod: Pod, conditions: readonly BareCondition[], now: string): PodCondition[] {
  const before = pod.status?.conditions ?? [];
  const generation = pod.metadata?.generation;
  const own = conditions.map((condition): PodCondition => {
    const old = before.find(({ type }) => type === condition.type);
    const same = old?.status === condition.status;
    return {
      ...condition,
      lastProbeTime: undefined,
      lastTransitionTime: same && old?.lastTransitionTime ? old.lastTransitionTime : now,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  });
  const foreign = before.filter(
    ({ type }) => !conditions.some((condition) => condition.type === type) && !KUBELET_CONDITIONS.includes(type),
  );
  return [...foreign, ...own];
}
