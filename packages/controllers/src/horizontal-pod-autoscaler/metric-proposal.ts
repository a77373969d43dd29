import {
  parseQuantity,
  Quantity,
  type HorizontalPodAutoscalerSpec,
  type HPAScalingRules,
  type MetricSpec,
  type MetricStatus,
  type MetricTarget,
  type MetricValueStatus,
  type Pod,
} from "@skiff/api";
import { isPodReady } from "../pods/pod-state.ts";
import { milliOf, type MetricReading } from "./metric-reading.ts";
import { groupPods, podRequests } from "./pod-groups.ts";
import { replicasForPods, replicasForShare, replicasForValue, type PodTarget, type Tolerances } from "./replica-calculation.ts";
import { selectorText } from "./selector-text.ts";

/** Usage may be off its target by this share before anything is done (upstream's default). */
const DEFAULT_TOLERANCE = 0.1;

/** What is known of a scale target. */
interface TargetState {
  readonly namespace: string;
  /** As the target's `spec` has it. */
  readonly specReplicas: number;
  /** As its `status` has it. */
  readonly statusReplicas: number;
  /** Those that its selector picks. */
  readonly pods: readonly Pod[];
}

/** What one metric says. */
export type MetricProposal =
  | { readonly type: "replicas"; readonly replicas: number; readonly name: string; readonly status: MetricStatus }
  | {
      readonly type: "failure";
      /** Of the condition and the event, such as `FailedGetResourceMetric`. */
      readonly reason: string;
      readonly cause: string;
      /** The cause with the metric in front of it, for the sum of all metrics. */
      readonly message: string;
    };

interface Measurement {
  readonly replicas: number;
  readonly current: MetricValueStatus;
}

/** How far usage may be off for an autoscaler. */
export function tolerancesOf({ behavior }: HorizontalPodAutoscalerSpec): Tolerances {
  const of = (rules: HPAScalingRules | undefined): number =>
    rules?.tolerance === undefined ? DEFAULT_TOLERANCE : parseQuantity(rules.tolerance).toNumber();
  return { up: of(behavior?.scaleUp), down: of(behavior?.scaleDown) };
}

/** How many replicas one metric wants. Names, reasons and messages are upstream's. */
export function proposeReplicas(
  metric: MetricSpec,
  reading: MetricReading,
  target: TargetState,
  tolerances: Tolerances,
  nowMs: number,
): MetricProposal {
  switch (metric.type) {
    case "Resource":
    case "ContainerResource":
      return proposeForResource(metric, reading, target, tolerances, nowMs);
    case "Pods":
      return proposeForPods(metric, reading, target, tolerances, nowMs);
    case "Object":
      return proposeForObject(metric, reading, target, tolerances);
    case "External":
      return proposeForExternal(metric, reading, target, tolerances);
    default:
      return {
        type: "failure",
        reason: "InvalidMetricSourceType",
        cause: `unknown metric source type "${metric.type}"`,
        message: `unknown metric source type "${metric.type}"`,
      };
  }
}

function proposeForResource(
  metric: MetricSpec,
  reading: MetricReading,
  state: TargetState,
  tolerances: Tolerances,
  nowMs: number,
): MetricProposal {
  const source = metric.resource ?? metric.containerResource;
  const { name = "", target } = source ?? {};
  const container = metric.containerResource?.container;
  const isContainer = metric.type === "ContainerResource";
  const reason = isContainer ? "FailedGetContainerResourceMetric" : "FailedGetResourceMetric";
  const prefix = `failed to get ${name} ${isContainer ? "container" : "resource"} metric value: `;
  const measured = measureResource({ name, container, target }, reading, state, tolerances, nowMs);
  if (typeof measured === "string") return { type: "failure", reason, cause: measured, message: prefix + measured };
  const { replicas, current } = measured;
  const status: MetricStatus =
    container === undefined
      ? { type: "Resource", resource: { name, current } }
      : { type: "ContainerResource", containerResource: { name, container, current } };
  const isUtilization = target?.averageValue === undefined;
  return {
    type: "replicas",
    replicas,
    name: isUtilization ? `${name} resource utilization (percentage of request)` : `${name} resource`,
    status,
  };
}

function measureResource(
  { name, container, target }: { name: string; container: string | undefined; target: MetricTarget | undefined },
  reading: MetricReading,
  state: TargetState,
  tolerances: Tolerances,
  nowMs: number,
): Measurement | string {
  const goal = target?.averageValue;
  const what = goal === undefined ? "utilization" : "usage";
  const failed = (cause: string): string => `failed to get ${name} ${what}: ${cause}`;
  if (reading.type !== "pods") {
    return failed(`unable to get metrics for resource ${name}: ${reading.type === "failure" ? reading.message : "no metrics"}`);
  }
  if (state.pods.length === 0) return failed("no pods returned by selector while calculating replica count");
  const groups = groupPods(state.pods, reading.pods, name === "cpu", nowMs);
  if (groups.measured.size === 0) return failed("did not receive metrics for targeted pods (pods might be unready)");
  let podTarget: PodTarget;
  if (goal !== undefined) {
    podTarget = { type: "average", milli: milliOf(goal) };
  } else if (target?.averageUtilization === undefined) {
    return "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set";
  } else {
    const requests = podRequests(state.pods, name, container);
    if ("error" in requests) return failed(requests.error);
    podTarget = { type: "utilization", percent: target.averageUtilization, requests };
  }
  const proposal = replicasForPods(state.specReplicas, groups, podTarget, tolerances);
  if (typeof proposal === "string") return failed(proposal);
  const { replicas, utilization, averageMilli } = proposal;
  return {
    replicas,
    current: { averageValue: quantityOf(averageMilli), ...(utilization === undefined ? {} : { averageUtilization: utilization }) },
  };
}

function proposeForPods(
  { pods: source }: MetricSpec,
  reading: MetricReading,
  state: TargetState,
  tolerances: Tolerances,
  nowMs: number,
): MetricProposal {
  const { metric = { name: "" }, target } = source ?? {};
  const failed = (cause: string): MetricProposal => {
    const inner = `unable to get metric ${metric.name}: ${cause}`;
    return failure("FailedGetPodsMetric", reading.type === "failure" ? inner : cause, "failed to get pods metric value: ");
  };
  if (reading.type === "failure") return failed(reading.message);
  if (reading.type !== "pods") return failed("no metrics");
  if (state.pods.length === 0) return failed("no pods returned by selector while calculating replica count");
  const groups = groupPods(state.pods, reading.pods, false, nowMs);
  const goal: PodTarget = { type: "average", milli: milliOf(target?.averageValue) };
  const proposal = replicasForPods(state.specReplicas, groups, goal, tolerances);
  if (typeof proposal === "string") return failed(proposal);
  return {
    type: "replicas",
    replicas: proposal.replicas,
    name: `pods metric ${metric.name}`,
    status: { type: "Pods", pods: { metric, current: { averageValue: quantityOf(proposal.averageMilli) } } },
  };
}

function proposeForObject(
  { object: source }: MetricSpec,
  reading: MetricReading,
  state: TargetState,
  tolerances: Tolerances,
): MetricProposal {
  const { metric = { name: "" }, describedObject = { kind: "", name: "" }, target } = source ?? {};
  if (reading.type !== "amount") {
    const { kind, name } = describedObject;
    const cause = reading.type === "failure" ? reading.message : "no metrics";
    // The order of upstream's words.
    const text = `unable to get metric ${metric.name}: ${kind} on ${state.namespace} ${name}/${cause}`;
    return failure("FailedGetObjectMetric", text, "failed to get object metric value: ");
  }
  const { replicas, current } = measureAmount(reading.milli, target, state, tolerances);
  return {
    type: "replicas",
    replicas,
    name: `${describedObject.kind} metric ${metric.name}`,
    status: { type: "Object", object: { metric, describedObject, current } },
  };
}

function proposeForExternal(
  { external: source }: MetricSpec,
  reading: MetricReading,
  state: TargetState,
  tolerances: Tolerances,
): MetricProposal {
  const { metric = { name: "" }, target } = source ?? {};
  if (reading.type !== "amount") {
    const cause = reading.type === "failure" ? reading.message : "no metrics";
    const text = `unable to get external metric ${state.namespace}/${metric.name}/${selectorText(metric.selector)}: ${cause}`;
    return failure("FailedGetExternalMetric", text, `failed to get ${metric.name} external metric value: `);
  }
  const { replicas, current } = measureAmount(reading.milli, target, state, tolerances);
  return {
    type: "replicas",
    replicas,
    name: `external metric ${metric.name}(${selectorText(metric.selector)})`,
    status: { type: "External", external: { metric, current } },
  };
}

function measureAmount(milli: number, target: MetricTarget | undefined, state: TargetState, tolerances: Tolerances): Measurement {
  const { specReplicas, statusReplicas, pods } = state;
  if (target?.value !== undefined) {
    const ready = pods.filter((pod) => isPodReady(pod) && pod.status?.phase === "Running").length;
    const replicas = replicasForValue(specReplicas, ready, milli, milliOf(target.value), tolerances);
    return { replicas, current: { value: quantityOf(milli) } };
  }
  const replicas = replicasForShare(statusReplicas, milli, milliOf(target?.averageValue), tolerances);
  return { replicas, current: { averageValue: quantityOf(Math.ceil(milli / Math.max(1, statusReplicas))) } };
}

function failure(reason: string, cause: string, prefix: string): MetricProposal {
  return { type: "failure", reason, cause, message: prefix + cause };
}

const quantityOf = (milli: number): string => Quantity.ofMilli(Math.round(milli)).toString();
