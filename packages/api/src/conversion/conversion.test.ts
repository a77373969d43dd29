import { describe, expect, it } from "vitest";
import type { Event, HorizontalPodAutoscaler } from "../generated/types.ts";
import { eventFromCore, eventToCore } from "./event-conversion.ts";
import { autoscalerFromV1, autoscalerToV1 } from "./horizontal-pod-autoscaler-conversion.ts";

describe("Events", () => {
  const core: Event = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e", namespace: "n" },
    involvedObject: { kind: "Pod", name: "p" },
    reason: "Pulled",
    message: "done",
    source: { component: "kubelet" },
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:01Z",
    count: 2,
    type: "Normal",
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingComponent: "kubelet",
    reportingInstance: "n",
  };

  it("have other names in the newer kind", () => {
    expect(eventFromCore(core)).toMatchObject({
      apiVersion: "events.k8s.io/v1",
      regarding: { kind: "Pod" },
      note: "done",
      deprecatedCount: 2,
      deprecatedSource: { component: "kubelet" },
      reportingController: "kubelet",
    });
  });

  it("come back as they were", () => {
    expect(eventToCore(eventFromCore(core))).toEqual(core);
  });
});

describe("HorizontalPodAutoscalers", () => {
  const cpu = { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } };
  const others = [
    { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "1Gi" } } },
    {
      type: "Pods",
      pods: { metric: { name: "m", selector: { matchLabels: { a: "b" } } }, target: { type: "AverageValue", averageValue: "5" } },
    },
    {
      type: "Object",
      object: { describedObject: { kind: "Service", name: "s" }, metric: { name: "o" }, target: { type: "Value", value: "3" } },
    },
    { type: "External", external: { metric: { name: "x" }, target: { type: "AverageValue", averageValue: "7" } } },
  ];
  const stored: HorizontalPodAutoscaler = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "h", annotations: { mine: "1" } },
    spec: {
      scaleTargetRef: { kind: "Deployment", name: "d" },
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [cpu, ...others],
      behavior: { scaleDown: { selectPolicy: "Disabled" } },
    },
    status: {
      currentReplicas: 2,
      desiredReplicas: 2,
      currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 12, averageValue: "120m" } } }],
      conditions: [{ type: "AbleToScale", status: "True" }],
    },
  };

  it("show CPU in a field of its own in v1, and the rest in annotations", () => {
    expect(autoscalerToV1(stored)).toMatchObject({
      apiVersion: "autoscaling/v1",
      spec: { targetCPUUtilizationPercentage: 50, maxReplicas: 3 },
      status: { currentCPUUtilizationPercentage: 12, currentReplicas: 2 },
      metadata: { annotations: { mine: "1" } },
    });
  });

  it("come back through v1 without loss", () => {
    expect(autoscalerFromV1(autoscalerToV1(stored))).toEqual(stored);
  });

  it("take no harm from annotations that cannot be read", () => {
    const object = {
      metadata: { annotations: { "autoscaling.alpha.kubernetes.io/metrics": "{" } },
      spec: { maxReplicas: 1, targetCPUUtilizationPercentage: 80 },
    };
    expect(autoscalerFromV1(object)).toMatchObject({ metadata: {}, spec: { metrics: [{ resource: { name: "cpu" } }] } });
  });
});
