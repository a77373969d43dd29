import type { HorizontalPodAutoscalerSpec, HPAScalingPolicy, HPAScalingRules } from "@skiff/api";
import type { ChangeRecord, ScaleHistory } from "./scale-history.ts";

/** Recommendations are remembered for so long on the way down when the autoscaler says nothing else (upstream's default). */
const DEFAULT_DOWN_WINDOW_SECONDS = 300;
/** Without rules of its own an autoscaler at most doubles, or goes to this number of replicas. */
const SCALE_UP_MINIMUM = 4;
const SCALE_UP_FACTOR = 2;

/** What becomes of a recommendation, and why. */
interface Decision {
  readonly replicas: number;
  /** What recent recommendations made of it. */
  readonly stabilized: { readonly isChanged: boolean; readonly reason: string; readonly message: string };
  /** What limits made of that. */
  readonly limited: { readonly isChanged: boolean; readonly reason: string; readonly message: string };
}

type Limit = Omit<Decision["limited"], "isChanged"> & { readonly replicas: number };

const UP_RATE = { reason: "ScaleUpLimit", message: "the desired replica count is increasing faster than the maximum scale rate" };
const DOWN_RATE = { reason: "ScaleDownLimit", message: "the desired replica count is decreasing faster than the maximum scale rate" };
const TOO_MANY = { reason: "TooManyReplicas", message: "the desired replica count is more than the maximum replica count" };
const TOO_FEW = { reason: "TooFewReplicas", message: "the desired replica count is less than the minimum replica count" };
const IN_RANGE = { reason: "DesiredWithinRange", message: "the desired count is within the acceptable range" };

/** Applies stabilisation windows, rates and limits to a recommendation that metrics gave. */
export function decide(
  spec: HorizontalPodAutoscalerSpec,
  current: number,
  recommended: number,
  history: ScaleHistory,
  nowMs: number,
): Decision {
  const stable = stabilize(spec, current, recommended, history, nowMs);
  const limit = spec.behavior === undefined ? limitByDefault(spec, current, stable) : limitByRules(spec, current, stable, history, nowMs);
  const isUp = spec.behavior !== undefined && recommended >= current;
  const stabilized =
    stable === recommended
      ? { isChanged: false, reason: "ReadyForNewScale", message: "recommended size matches current size" }
      : {
          isChanged: true,
          reason: isUp ? "ScaleUpStabilized" : "ScaleDownStabilized",
          message: isUp
            ? "recent recommendations were lower than current one, applying the lowest recent recommendation"
            : "recent recommendations were higher than current one, applying the highest recent recommendation",
        };
  const { replicas, reason, message } = limit;
  return { replicas, stabilized, limited: { isChanged: replicas !== stable, reason, message } };
}

/** The longest span over which recommendations of an autoscaler matter. */
export function stabilizationMs({ behavior }: HorizontalPodAutoscalerSpec): number {
  return Math.max(upWindow(behavior?.scaleUp), downWindow(behavior?.scaleDown)) * 1000;
}

/** The longest span over which changes that were made matter. */
export function policyMs({ behavior }: HorizontalPodAutoscalerSpec): number {
  const policies = [...(behavior?.scaleUp?.policies ?? []), ...(behavior?.scaleDown?.policies ?? [])];
  return Math.max(0, ...policies.map(({ periodSeconds }) => periodSeconds)) * 1000;
}

const upWindow = (rules: HPAScalingRules | undefined): number => rules?.stabilizationWindowSeconds ?? 0;
const downWindow = (rules: HPAScalingRules | undefined): number => rules?.stabilizationWindowSeconds ?? DEFAULT_DOWN_WINDOW_SECONDS;

function stabilize(
  { behavior }: HorizontalPodAutoscalerSpec,
  current: number,
  recommended: number,
  { recommendations }: ScaleHistory,
  nowMs: number,
): number {
  const within = (seconds: number): number[] =>
    recommendations.filter(({ atMs }) => atMs > nowMs - seconds * 1000).map(({ replicas }) => replicas);
  const highest = Math.max(recommended, ...within(downWindow(behavior?.scaleDown)));
  if (behavior === undefined) return highest;
  const lowest = Math.min(recommended, ...within(upWindow(behavior.scaleUp)));
  // The size stays as it is unless all recent recommendations are on one side of it.
  return Math.min(Math.max(current, lowest), highest);
}

function limitByDefault({ minReplicas = 1, maxReplicas }: HorizontalPodAutoscalerSpec, current: number, wanted: number): Limit {
  if (wanted < minReplicas) return { replicas: minReplicas, ...TOO_FEW };
  const rate = Math.max(SCALE_UP_FACTOR * current, SCALE_UP_MINIMUM);
  if (wanted > Math.min(maxReplicas, rate))
    return maxReplicas > rate ? { replicas: rate, ...UP_RATE } : { replicas: maxReplicas, ...TOO_MANY };
  return { replicas: wanted, ...IN_RANGE };
}

function limitByRules(
  { minReplicas = 1, maxReplicas, behavior }: HorizontalPodAutoscalerSpec,
  current: number,
  wanted: number,
  history: ScaleHistory,
  nowMs: number,
): Limit {
  if (wanted > current) {
    const rate = Math.max(current, upLimit(current, behavior?.scaleUp, history, nowMs));
    if (wanted > Math.min(maxReplicas, rate))
      return maxReplicas > rate ? { replicas: rate, ...UP_RATE } : { replicas: maxReplicas, ...TOO_MANY };
  } else if (wanted < current) {
    const rate = Math.min(current, downLimit(current, behavior?.scaleDown, history, nowMs));
    if (wanted < Math.max(minReplicas, rate))
      return minReplicas < rate ? { replicas: rate, ...DOWN_RATE } : { replicas: minReplicas, ...TOO_FEW };
  }
  return { replicas: wanted, ...IN_RANGE };
}

function upLimit(current: number, rules: HPAScalingRules | undefined, history: ScaleHistory, nowMs: number): number {
  if (rules?.selectPolicy === "Disabled") return current;
  const limits = (rules?.policies ?? []).map((policy) => {
    const before = sizeBefore(current, policy, history, nowMs);
    return policy.type === "Pods" ? before + policy.value : Math.ceil(before * (1 + policy.value / 100));
  });
  return rules?.selectPolicy === "Min" ? Math.min(...limits) : Math.max(...limits);
}

function downLimit(current: number, rules: HPAScalingRules | undefined, history: ScaleHistory, nowMs: number): number {
  if (rules?.selectPolicy === "Disabled") return current;
  const limits = (rules?.policies ?? []).map((policy) => {
    const before = sizeBefore(current, policy, history, nowMs);
    return policy.type === "Pods" ? before - policy.value : Math.trunc(before * (1 - policy.value / 100));
  });
  // The policy that changes least has the highest limit on the way down.
  return rules?.selectPolicy === "Min" ? Math.max(...limits) : Math.min(...limits);
}

/** The size at the beginning of a policy's period. */
function sizeBefore(current: number, { periodSeconds }: HPAScalingPolicy, { ups, downs }: ScaleHistory, nowMs: number): number {
  const sum = (changes: readonly ChangeRecord[]): number =>
    changes.reduce((total, { atMs, replicas }) => (atMs > nowMs - periodSeconds * 1000 ? total + replicas : total), 0);
  return current - sum(ups) + sum(downs);
}
