import { formatTime } from "@skiff/base";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
  MetricStatus,
  Pod,
} from "@skiff/api";
import type { EventType } from "@skiff/client";
import { withCondition } from "../status-conditions.ts";
import type { MetricReading } from "./metric-reading.ts";
import { proposeReplicas, tolerancesOf, type MetricProposal } from "./metric-proposal.ts";
import { initialHistory, withChange, withRecommendation, type ScaleHistory } from "./scale-history.ts";
import { decide, policyMs, stabilizationMs } from "./scaling-rules.ts";

/** The scale of a target, or why it could not be read. */
type ObservedScale =
  | {
      readonly type: "scale";
      readonly specReplicas: number;
      readonly statusReplicas: number;
      /** False when the target's scale names no selector. */
      readonly hasSelector: boolean;
    }
  | { readonly type: "failure"; readonly message: string };

/** What there is to know about one autoscaler. */
export interface ObservedAutoscaler {
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly scale: ObservedScale;
  /** Those that the target's selector picks. */
  readonly pods: readonly Pod[];
  /** Other autoscalers whose targets pick some of the same Pods, as `namespace/name`. */
  readonly rivals: readonly string[];
  /** One for each metric of the specification, in their order. */
  readonly readings: readonly MetricReading[];
  /** Absent when the autoscaler is seen for the first time. */
  readonly history: ScaleHistory | undefined;
}

/** What to do about it. */
export interface AutoscalerPlan {
  /** The target's new size; absent when it stays as it is. */
  readonly scaleTo?: number;
  /** Why. */
  readonly reason: string;
  /** If everything goes well. */
  readonly status: HorizontalPodAutoscalerStatus;
  readonly events: readonly { readonly type: EventType; readonly reason: string; readonly message: string }[];
  /** What to remember, if everything goes well. */
  readonly history: ScaleHistory | undefined;
}

type ConditionType = "AbleToScale" | "ScalingActive" | "ScalingLimited";

/** Collects the status on the way to a plan. */
class Draft {
  status: HorizontalPodAutoscalerStatus;
  readonly events: { type: EventType; reason: string; message: string }[] = [];
  readonly #time: string;

  constructor({ metadata, status = { desiredReplicas: 0 } }: HorizontalPodAutoscaler, nowMs: number) {
    this.#time = formatTime(nowMs);
    const { generation } = metadata ?? {};
    this.status = { ...status, ...(generation === undefined ? {} : { observedGeneration: generation }) };
  }

  condition(type: ConditionType, isTrue: boolean, reason: string, message: string): void {
    this.status = {
      ...this.status,
      conditions: conditionsWith(this.status.conditions ?? [], type, isTrue, reason, message, this.#time),
    };
  }

  warn(reason: string, message: string): void {
    this.events.push({ type: "Warning", reason, message });
  }
}

/** The conditions with one of them set. */
export function conditionsWith(
  conditions: readonly HorizontalPodAutoscalerCondition[],
  type: ConditionType,
  isTrue: boolean,
  reason: string,
  message: string,
  time: string,
): HorizontalPodAutoscalerCondition[] {
  return [...withCondition(conditions, { type, status: isTrue ? "True" : "False", reason, message, lastTransitionTime: time })];
}

/**
 * Brings the target to the size at which its metrics are on target, within the limits and rates of the specification. Rules,
 * conditions, reasons and messages are upstream's.
 */
export function planAutoscaler(observed: ObservedAutoscaler, nowMs: number): AutoscalerPlan {
  const { autoscaler, scale } = observed;
  const draft = new Draft(autoscaler, nowMs);
  if (scale.type === "failure") {
    draft.warn("FailedGetScale", scale.message);
    draft.condition(
      "AbleToScale",
      false,
      "FailedGetScale",
      `the HPA controller was unable to get the target's current scale: ${scale.message}`,
    );
    return { reason: "", status: draft.status, events: draft.events, history: observed.history };
  }
  draft.condition("AbleToScale", true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
  const { spec } = autoscaler;
  const current = scale.specReplicas;
  const history = observed.history ?? initialHistory(current, nowMs);
  const { minReplicas = 1, maxReplicas } = spec;
  if (current === 0 && minReplicas !== 0) {
    const message = "scaling is disabled since the replica count of the target is zero";
    draft.condition("ScalingActive", false, "ScalingDisabled", message);
    return settled(draft, spec, { current, desired: 0, reason: "", history }, nowMs);
  }
  if (current > maxReplicas) {
    const reason = "Current number of replicas above Spec.MaxReplicas";
    return settled(draft, spec, { current, desired: maxReplicas, reason, history }, nowMs);
  }
  if (current < minReplicas) {
    const reason = "Current number of replicas below Spec.MinReplicas";
    return settled(draft, spec, { current, desired: minReplicas, reason, history }, nowMs);
  }
  const summed = sumUp(draft, observed, scale, nowMs);
  if (summed.replicas === undefined) {
    if (summed.error !== undefined) draft.warn("FailedComputeMetricsReplicas", summed.error);
    draft.status = { ...draft.status, currentReplicas: current, currentMetrics: [...summed.statuses] };
    return { reason: "", status: draft.status, events: draft.events, history };
  }
  const { replicas, name } = summed;
  const decision = decide(spec, current, replicas, history, nowMs);
  const { stabilized, limited } = decision;
  draft.condition("AbleToScale", true, stabilized.reason, stabilized.message);
  draft.condition("ScalingLimited", limited.isChanged, limited.reason, limited.message);
  const reason = replicas > current ? `${name} above target` : replicas < current ? "All metrics below target" : "";
  const remembered = withRecommendation(history, replicas, nowMs, stabilizationMs(spec));
  return settled(draft, spec, { current, desired: decision.replicas, reason, history: remembered, statuses: summed.statuses }, nowMs);
}

/** A size that was decided on. */
interface Settlement {
  readonly current: number;
  readonly desired: number;
  /** Of the event, when the two differ. */
  readonly reason: string;
  readonly history: ScaleHistory;
  /** Absent when no metric was looked at. */
  readonly statuses?: readonly MetricStatus[];
}

function settled(draft: Draft, spec: HorizontalPodAutoscaler["spec"], settlement: Settlement, nowMs: number): AutoscalerPlan {
  const { current, desired, reason, history, statuses } = settlement;
  const isRescaled = desired !== current;
  if (isRescaled) {
    draft.condition("AbleToScale", true, "SucceededRescale", `the HPA controller was able to update the target scale to ${desired}`);
    draft.events.push({ type: "Normal", reason: "SuccessfulRescale", message: `New size: ${desired}; reason: ${reason}` });
  }
  const { currentMetrics: _before, ...status } = draft.status;
  return {
    ...(isRescaled ? { scaleTo: desired } : {}),
    reason,
    status: {
      ...status,
      currentReplicas: current,
      desiredReplicas: desired,
      ...(statuses === undefined ? {} : { currentMetrics: [...statuses] }),
      ...(isRescaled ? { lastScaleTime: formatTime(nowMs) } : {}),
    },
    events: draft.events,
    history: isRescaled ? withChange(history, current, desired, nowMs, policyMs(spec)) : history,
  };
}

interface Sum {
  /** `undefined`: nothing can be decided. */
  readonly replicas: number | undefined;
  /** Of the metric that asked for most. */
  readonly name: string;
  readonly statuses: readonly MetricStatus[];
  readonly error?: string;
}

/** The largest of what the metrics propose. A metric that fails forbids to scale down, since it might have asked for more. */
function sumUp(draft: Draft, observed: ObservedAutoscaler, scale: Extract<ObservedScale, { type: "scale" }>, nowMs: number): Sum {
  const { autoscaler, pods, readings, rivals } = observed;
  const { spec, metadata } = autoscaler;
  const nothing = { replicas: undefined, name: "", statuses: [] };
  if (!scale.hasSelector) {
    draft.warn("SelectorRequired", "selector is required");
    draft.condition("ScalingActive", false, "InvalidSelector", "the HPA target's scale is missing a selector");
    return { ...nothing, error: "selector is required" };
  }
  const { name: ownName = "", namespace = "" } = metadata ?? {};
  if (rivals.length > 0) {
    const message = `pods by selector of ${namespace}/${ownName} are controlled by multiple HPAs: [${[`${namespace}/${ownName}`, ...rivals].sort().join(" ")}]`;
    draft.warn("AmbiguousSelector", message);
    draft.condition("ScalingActive", false, "AmbiguousSelector", message);
    return { ...nothing, error: message };
  }
  const state = { namespace, specReplicas: scale.specReplicas, statusReplicas: scale.statusReplicas, pods };
  const metrics: readonly MetricSpec[] = spec.metrics ?? [];
  const tolerances = tolerancesOf(spec);
  const proposals = metrics.map((metric, index) =>
    proposeReplicas(metric, readings[index] ?? { type: "failure", message: "not measured" }, state, tolerances, nowMs),
  );
  const statuses = proposals.map((proposal): MetricStatus => (proposal.type === "replicas" ? proposal.status : { type: "" }));
  return { statuses, ...largest(draft, proposals, scale.specReplicas) };
}

function largest(draft: Draft, proposals: readonly MetricProposal[], current: number): Omit<Sum, "statuses"> {
  let best: { readonly replicas: number; readonly name: string } | undefined;
  let firstFailure: Extract<MetricProposal, { type: "failure" }> | undefined;
  let failures = 0;
  for (const proposal of proposals) {
    if (proposal.type === "failure") {
      draft.warn(proposal.reason, proposal.cause);
      firstFailure ??= proposal;
      failures++;
    } else if (best === undefined || proposal.replicas > best.replicas) best = proposal;
  }
  if (firstFailure !== undefined && (best === undefined || best.replicas < current)) {
    draft.condition("ScalingActive", false, firstFailure.reason, `the HPA was unable to compute the replica count: ${firstFailure.cause}`);
    const error = `invalid metrics (${failures} invalid out of ${proposals.length}), first error is: ${firstFailure.message}`;
    return { replicas: undefined, name: "", error };
  }
  const { replicas = current, name = "" } = best ?? {};
  const message = `the HPA was able to successfully calculate a replica count from ${name}`;
  draft.condition("ScalingActive", true, "ValidMetricFound", message);
  return { replicas, name };
}
