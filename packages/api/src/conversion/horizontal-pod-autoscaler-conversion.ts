import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
  V1HorizontalPodAutoscaler,
} from "../generated/types.ts";
import type { KubeObject } from "../object.ts";
import { flattenMetricSpec, flattenMetricStatus, unflattenMetricSpec, unflattenMetricStatus } from "./autoscaler-metrics.ts";

// What v1 has no field for travels in these annotations, so that nothing is lost on the way through v1.
const METRICS = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior";

function isCpuUtilization(metric: MetricSpec): boolean {
  return metric.type === "Resource" && metric.resource?.name === "cpu" && metric.resource.target.averageUtilization !== undefined;
}

/** An annotation's list; what cannot be read counts as absent, as users may write anything into annotations. */
function readAnnotation(annotations: Record<string, string>, key: string): unknown {
  const value = annotations[key];
  delete annotations[key];
  if (value === undefined) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** `autoscaling/v2`, as stored, to `autoscaling/v1`. */
export function autoscalerToV1(object: KubeObject): KubeObject {
  const { metadata, spec, status } = object as HorizontalPodAutoscaler;
  const annotations: Record<string, string> = { ...metadata?.annotations };
  for (const key of [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR]) delete annotations[key];
  const cpu = spec.metrics?.find(isCpuUtilization);
  const others = (spec.metrics ?? []).filter((metric) => metric !== cpu);
  if (others.length > 0) annotations[METRICS] = JSON.stringify(others.map(flattenMetricSpec));
  if (spec.behavior !== undefined) annotations[BEHAVIOR] = JSON.stringify(spec.behavior);
  if (status?.currentMetrics?.length) annotations[CURRENT_METRICS] = JSON.stringify(status.currentMetrics.map(flattenMetricStatus));
  if (status?.conditions?.length) annotations[CONDITIONS] = JSON.stringify(status.conditions);

  const converted: V1HorizontalPodAutoscaler = {
    apiVersion: "autoscaling/v1",
    kind: "HorizontalPodAutoscaler",
    metadata: { ...metadata },
    spec: { scaleTargetRef: spec.scaleTargetRef, maxReplicas: spec.maxReplicas },
  };
  if (Object.keys(annotations).length > 0) converted.metadata = { ...metadata, annotations };
  else delete converted.metadata?.annotations;
  if (spec.minReplicas !== undefined) converted.spec.minReplicas = spec.minReplicas;
  if (cpu?.resource) converted.spec.targetCPUUtilizationPercentage = cpu.resource.target.averageUtilization;
  if (status !== undefined) {
    const current = status.currentMetrics?.find((metric) => metric.type === "Resource" && metric.resource?.name === "cpu");
    const { currentMetrics: _metrics, conditions: _conditions, currentReplicas = 0, ...rest } = status;
    converted.status = { ...rest, currentReplicas };
    const utilization = current?.resource?.current.averageUtilization;
    if (utilization !== undefined) converted.status.currentCPUUtilizationPercentage = utilization;
  }
  return converted;
}

/** `autoscaling/v1` to `autoscaling/v2`, as stored. */
export function autoscalerFromV1(object: KubeObject): KubeObject {
  const { metadata, spec, status } = object as V1HorizontalPodAutoscaler;
  const annotations: Record<string, string> = { ...metadata?.annotations };
  const others = readAnnotation(annotations, METRICS) as Parameters<typeof unflattenMetricSpec>[0][] | undefined;
  const currentMetrics = readAnnotation(annotations, CURRENT_METRICS) as Parameters<typeof unflattenMetricStatus>[0][] | undefined;
  const conditions = readAnnotation(annotations, CONDITIONS) as HorizontalPodAutoscalerCondition[] | undefined;
  const behavior = readAnnotation(annotations, BEHAVIOR) as HorizontalPodAutoscalerBehavior | undefined;

  const metrics: MetricSpec[] = Array.isArray(others) ? others.map(unflattenMetricSpec) : [];
  const target = spec?.targetCPUUtilizationPercentage;
  if (target !== undefined) {
    metrics.unshift({ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: target } } });
  }
  const converted: HorizontalPodAutoscaler = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { ...metadata },
    spec: { scaleTargetRef: spec?.scaleTargetRef, maxReplicas: spec?.maxReplicas },
  };
  if (Object.keys(annotations).length > 0) converted.metadata = { ...metadata, annotations };
  else delete converted.metadata?.annotations;
  if (spec?.minReplicas !== undefined) converted.spec.minReplicas = spec.minReplicas;
  if (metrics.length > 0) converted.spec.metrics = metrics;
  if (behavior !== undefined) converted.spec.behavior = behavior;
  if (status !== undefined) {
    const { currentCPUUtilizationPercentage: utilization, ...rest } = status;
    converted.status = rest;
    const current: MetricStatus[] = Array.isArray(currentMetrics) ? currentMetrics.map(unflattenMetricStatus) : [];
    if (current.length === 0 && utilization !== undefined) {
      current.push({ type: "Resource", resource: { name: "cpu", current: { averageUtilization: utilization } } });
    }
    if (current.length > 0) converted.status.currentMetrics = current;
    if (conditions !== undefined) converted.status.conditions = conditions;
  }
  return converted;
}
