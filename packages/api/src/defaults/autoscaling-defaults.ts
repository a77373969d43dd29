import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, HPAScalingRules, MetricSpec } from "../generated/types.ts";
import { canonicalQuantity } from "../quantity.ts";

/** How fast an autoscaler may add Pods: by four or by doubling every 15 s, whichever is more. */
const SCALE_UP: Required<Pick<HPAScalingRules, "policies" | "selectPolicy" | "stabilizationWindowSeconds">> = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
};

/** How fast it may take Pods away; the window is the controller's own setting. */
const SCALE_DOWN: Required<Pick<HPAScalingRules, "policies" | "selectPolicy">> = {
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
};

function canonicalizeTargets(metric: MetricSpec): void {
  for (const source of [metric.resource, metric.containerResource, metric.pods, metric.object, metric.external]) {
    const target = source?.target;
    if (target?.value !== undefined) target.value = canonicalQuantity(target.value);
    if (target?.averageValue !== undefined) target.averageValue = canonicalQuantity(target.averageValue);
  }
}

/** What a HorizontalPodAutoscaler leaves out, in place. */
export function setHorizontalPodAutoscalerDefaults(autoscaler: HorizontalPodAutoscaler): void {
  autoscaler.spec ??= {} as HorizontalPodAutoscalerSpec;
  autoscaler.status ??= { desiredReplicas: 0 };
  const { spec } = autoscaler;
  spec.minReplicas ??= 1;
  if ((spec.metrics ?? []).length === 0) {
    spec.metrics = [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } }];
  }
  for (const metric of spec.metrics ?? []) canonicalizeTargets(metric);
  if (spec.behavior) {
    spec.behavior.scaleUp = { ...structuredClone(SCALE_UP), ...spec.behavior.scaleUp };
    spec.behavior.scaleDown = { ...structuredClone(SCALE_DOWN), ...spec.behavior.scaleDown };
  }
}
