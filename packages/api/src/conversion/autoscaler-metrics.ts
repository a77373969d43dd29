import type { MetricIdentifier, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from "../generated/types.ts";

/**
 * A metric as `autoscaling/v1` keeps it in annotations: the shape of `autoscaling/v2beta1`, in which every kind of
 * target is a field of its own. Only the fields that matter for some type are set.
 */
interface FlatMetric {
  type: string;
  resource?: Record<string, unknown>;
  containerResource?: Record<string, unknown>;
  pods?: Record<string, unknown>;
  object?: Record<string, unknown>;
  external?: Record<string, unknown>;
}

const text = (value: unknown): string | undefined => (typeof value === "string" || typeof value === "number" ? `${value}` : undefined);

function drop<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

function target(utilization: unknown, average: unknown, value: unknown): MetricTarget {
  if (utilization !== undefined && utilization !== null) return { type: "Utilization", averageUtilization: Number(utilization) };
  const averageValue = text(average);
  if (averageValue !== undefined) return { type: "AverageValue", averageValue };
  return drop({ type: "Value", value: text(value) });
}

function identifier(name: unknown, selector: unknown): MetricIdentifier {
  return drop({ name: text(name) ?? "", selector: selector as MetricIdentifier["selector"] });
}

/** The flat form of a metric's target. */
export function flattenMetricSpec(metric: MetricSpec): FlatMetric {
  const { resource, containerResource, pods, object, external } = metric;
  const perPod = ({ target }: { target: MetricTarget }) =>
    drop({ targetAverageUtilization: target.averageUtilization, targetAverageValue: target.averageValue });
  return drop({
    type: metric.type,
    resource: resource && { name: resource.name, ...perPod(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...perPod(containerResource),
      container: containerResource.container,
    },
    pods: pods && drop({ metricName: pods.metric.name, targetAverageValue: pods.target.averageValue, selector: pods.metric.selector }),
    object:
      object &&
      drop({
        target: object.describedObject,
        metricName: object.metric.name,
        targetValue: object.target.value ?? "0",
        selector: object.metric.selector,
        averageValue: object.target.averageValue,
      }),
    external:
      external &&
      drop({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  });
}

/** Takes {@link flattenMetricSpec} back. */
export function unflattenMetricSpec(flat: FlatMetric): MetricSpec {
  const { resource, containerResource, pods, object, external } = flat;
  return drop({
    type: flat.type,
    resource: resource && {
      name: text(resource.name) ?? "",
      target: target(resource.targetAverageUtilization, resource.targetAverageValue, undefined),
    },
    containerResource: containerResource && {
      name: text(containerResource.name) ?? "",
      container: text(containerResource.container) ?? "",
      target: target(containerResource.targetAverageUtilization, containerResource.targetAverageValue, undefined),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      target: { type: "AverageValue", averageValue: text(pods.targetAverageValue) ?? "0" },
    },
    object: object && {
      describedObject: object.target as { kind: string; name: string },
      metric: identifier(object.metricName, object.selector),
      target: target(undefined, object.averageValue, object.targetValue),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      target: target(undefined, external.targetAverageValue, external.targetValue),
    },
  });
}

/** The flat form of a metric's observed value. */
export function flattenMetricStatus(metric: MetricStatus): FlatMetric {
  const { resource, containerResource, pods, object, external } = metric;
  const perPod = ({ current }: { current: MetricValueStatus }) =>
    drop({ currentAverageUtilization: current.averageUtilization, currentAverageValue: current.averageValue ?? "0" });
  return drop({
    type: metric.type,
    resource: resource && { name: resource.name, ...perPod(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...perPod(containerResource),
      container: containerResource.container,
    },
    pods:
      pods && drop({ metricName: pods.metric.name, currentAverageValue: pods.current.averageValue ?? "0", selector: pods.metric.selector }),
    object:
      object &&
      drop({
        target: object.describedObject,
        metricName: object.metric.name,
        currentValue: object.current.value ?? "0",
        selector: object.metric.selector,
        averageValue: object.current.averageValue,
      }),
    external:
      external &&
      drop({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? "0",
        currentAverageValue: external.current.averageValue,
      }),
  });
}

/** Takes {@link flattenMetricStatus} back. */
export function unflattenMetricStatus(flat: FlatMetric): MetricStatus {
  const { resource, containerResource, pods, object, external } = flat;
  const perPod = (source: Record<string, unknown>): MetricValueStatus =>
    drop({
      averageUtilization: source.currentAverageUtilization as number | undefined,
      averageValue: text(source.currentAverageValue),
    });
  return drop({
    type: flat.type,
    resource: resource && { name: text(resource.name) ?? "", current: perPod(resource) },
    containerResource: containerResource && {
      name: text(containerResource.name) ?? "",
      container: text(containerResource.container) ?? "",
      current: perPod(containerResource),
    },
    pods: pods && { metric: identifier(pods.metricName, pods.selector), current: perPod(pods) },
    object: object && {
      describedObject: object.target as { kind: string; name: string },
      metric: identifier(object.metricName, object.selector),
      current: drop({ value: text(object.currentValue), averageValue: text(object.averageValue) }),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      current: drop({ value: text(external.currentValue), averageValue: text(external.currentAverageValue) }),
    },
  });
}
