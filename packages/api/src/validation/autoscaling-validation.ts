import { type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
  Scale,
} from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { tryParseQuantity } from "../quantity.ts";
import { invalidEach, nonNegative, optionalOneOf, requiredText } from "./field-checks.ts";
import { validateLabelSelector } from "./labels.ts";
import { checkPathSegment } from "./names.ts";

const MAX_PERIOD_SECONDS = 1800;
const MAX_STABILIZATION_SECONDS = 3600;
const SOURCES = ["containerResource", "external", "object", "pods", "resource"] as const;
const TYPES = ["ContainerResource", "External", "Object", "Pods", "Resource"];

function validateReference(reference: { kind?: string; name?: string } | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const part of ["kind", "name"] as const) {
    const text = reference?.[part];
    if (!text) errors.push(required(`${field}.${part}`));
    else errors.push(...invalidEach(`${field}.${part}`, text, checkPathSegment(text)));
  }
  return errors;
}

function validateTarget(target: MetricTarget | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const types = ["AverageValue", "Utilization", "Value"];
  if (!target?.type) errors.push(required(`${field}.type`, "must specify a metric target type"));
  else if (!types.includes(target.type))
    errors.push(invalidValue(`${field}.type`, target.type, "must be either Utilization, Value, or AverageValue"));
  for (const part of ["value", "averageValue"] as const) {
    const text = target?.[part];
    if (text !== undefined && (tryParseQuantity(text)?.sign ?? 0) <= 0)
      errors.push(invalidValue(`${field}.${part}`, text, "must be positive"));
  }
  const utilization = target?.averageUtilization;
  if (utilization !== undefined && utilization < 1)
    errors.push(invalidValue(`${field}.averageUtilization`, utilization, "must be greater than 0"));
  return errors;
}

function validateIdentifier(metric: MetricIdentifier | undefined, field: string): FieldError[] {
  const name = metric?.name ?? "";
  const errors = name
    ? invalidEach(`${field}.name`, name, checkPathSegment(name))
    : [required(`${field}.name`, "must specify a metric name")];
  return [...errors, ...validateLabelSelector(metric?.selector, `${field}.selector`)];
}

/** Resources are measured against a share of the request, or against an amount for each Pod. */
function validateResourceTarget(target: MetricTarget | undefined, field: string): FieldError[] {
  const { averageUtilization, averageValue } = target ?? {};
  if (averageUtilization === undefined && averageValue === undefined) {
    return [required(`${field}.averageUtilization`, "must set either a target raw value or a target utilization")];
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    return [forbiddenField(`${field}.averageValue`, "may not set both a target raw value and a target utilization")];
  }
  return [];
}

function validateMetric(metric: MetricSpec, field: string): FieldError[] {
  const { type, resource, containerResource, pods, object, external } = metric;
  if (!type) return [required(`${field}.type`, "must specify a metric source type")];
  if (!TYPES.includes(type)) return [notSupported(`${field}.type`, type, TYPES)];
  const expected = `${type[0]?.toLowerCase()}${type.slice(1)}`;
  const errors: FieldError[] = [];
  for (const name of SOURCES) {
    if (name !== expected && metric[name] !== undefined)
      errors.push(forbiddenField(`${field}.${name}`, "must populate the given metric source only"));
  }
  if (metric[expected as (typeof SOURCES)[number]] === undefined) {
    return [...errors, required(`${field}.${expected}`, "must populate information for the given metric source")];
  }
  const at = `${field}.${expected}`;
  for (const source of [resource, containerResource]) {
    if (source === undefined) continue;
    errors.push(
      ...requiredText(`${at}.name`, source.name, "must specify a resource name"),
      ...validateTarget(source.target, `${at}.target`),
    );
    errors.push(...validateResourceTarget(source.target, `${at}.target`));
  }
  if (containerResource) errors.push(...requiredText(`${at}.container`, containerResource.container, "must specify a container"));
  if (pods) {
    errors.push(...validateIdentifier(pods.metric, `${at}.metric`), ...validateTarget(pods.target, `${at}.target`));
    if (pods.target?.averageValue === undefined)
      errors.push(required(`${at}.target.averageValue`, "must specify a positive target averageValue"));
  }
  if (object) {
    errors.push(
      ...validateReference(object.describedObject, `${at}.describedObject`),
      ...validateIdentifier(object.metric, `${at}.metric`),
    );
    errors.push(...validateTarget(object.target, `${at}.target`));
  }
  if (external) {
    errors.push(...validateIdentifier(external.metric, `${at}.metric`), ...validateTarget(external.target, `${at}.target`));
    const { value, averageValue } = external.target ?? {};
    if (value === undefined && averageValue === undefined) {
      errors.push(required(`${at}.target.averageValue`, "must set either a target value for metric or a per-pod target"));
    }
    if (value !== undefined && averageValue !== undefined) {
      errors.push(forbiddenField(`${at}.target.value`, "may not set both a target value for metric and a per-pod target"));
    }
  }
  return errors;
}

function validateRules(rules: HPAScalingRules | undefined, field: string): FieldError[] {
  if (!rules) return [];
  const errors: FieldError[] = [];
  const window = rules.stabilizationWindowSeconds;
  if (window !== undefined) {
    errors.push(...nonNegative(`${field}.stabilizationWindowSeconds`, window));
    if (window > MAX_STABILIZATION_SECONDS) {
      errors.push(
        invalidValue(`${field}.stabilizationWindowSeconds`, window, `must be less than or equal to ${MAX_STABILIZATION_SECONDS}`),
      );
    }
  }
  errors.push(...optionalOneOf(`${field}.selectPolicy`, rules.selectPolicy, ["Disabled", "Max", "Min"]));
  if ((rules.policies ?? []).length === 0) errors.push(required(`${field}.policies`, "must specify at least one Policy"));
  for (const [index, policy] of (rules.policies ?? []).entries()) {
    const at = `${field}.policies[${index}]`;
    if (!["Percent", "Pods"].includes(policy.type)) errors.push(notSupported(`${at}.type`, policy.type, ["Percent", "Pods"]));
    if (policy.value <= 0) errors.push(invalidValue(`${at}.value`, policy.value, "must be greater than zero"));
    if (policy.periodSeconds <= 0) errors.push(invalidValue(`${at}.periodSeconds`, policy.periodSeconds, "must be greater than zero"));
    if (policy.periodSeconds > MAX_PERIOD_SECONDS) {
      errors.push(invalidValue(`${at}.periodSeconds`, policy.periodSeconds, `must be less than or equal to ${MAX_PERIOD_SECONDS}`));
    }
  }
  return errors;
}

/** Everything that is wrong with a HorizontalPodAutoscaler. */
export function validateHorizontalPodAutoscaler(
  autoscaler: HorizontalPodAutoscaler,
  old: HorizontalPodAutoscaler | undefined,
  context: WriteContext,
): FieldError[] {
  if (old !== undefined && context.subresource === "status") {
    return (["currentReplicas", "desiredReplicas"] as const).flatMap((name) => nonNegative(`status.${name}`, autoscaler.status?.[name]));
  }
  const spec = autoscaler.spec ?? ({} as HorizontalPodAutoscalerSpec);
  const { minReplicas, maxReplicas = 0, metrics = [] } = spec as Partial<HorizontalPodAutoscalerSpec>;
  const errors: FieldError[] = [];
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalidValue("spec.minReplicas", minReplicas, "must be greater than or equal to 1"));
  if (maxReplicas < 1) errors.push(invalidValue("spec.maxReplicas", maxReplicas, "must be greater than 0"));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalidValue("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`"));
  }
  errors.push(...validateReference(spec.scaleTargetRef, "spec.scaleTargetRef"));
  for (const [index, metric] of metrics.entries()) errors.push(...validateMetric(metric, `spec.metrics[${index}]`));
  errors.push(...validateRules(spec.behavior?.scaleUp, "spec.behavior.scaleUp"));
  return [...errors, ...validateRules(spec.behavior?.scaleDown, "spec.behavior.scaleDown")];
}

/** Everything that is wrong with what the `scale` subresource gets. */
export function validateScale(scale: Scale): FieldError[] {
  return nonNegative("spec.replicas", scale.spec?.replicas);
}
