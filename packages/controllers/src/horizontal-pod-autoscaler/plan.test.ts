import { describe, expect, it } from "vitest";
import { formatTime } from "@skiff/base";
import type { HorizontalPodAutoscaler, HPAScalingRules, MetricSpec, Pod } from "@skiff/api";
import type { MetricReading } from "./metric-reading.ts";
import { planAutoscaler, type ObservedAutoscaler } from "./plan.ts";
import type { ScaleHistory } from "./scale-history.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const ago = (seconds: number): string => formatTime(NOW - seconds * 1000);

interface PodOptions {
  readonly phase?: string;
  readonly ready?: boolean;
  readonly startedAgo?: number;
  readonly changedAgo?: number;
  readonly request?: string;
  readonly deleted?: boolean;
}

function pod(name: string, options: PodOptions = {}): Pod {
  const { phase = "Running", ready = true, startedAgo = 3600, changedAgo = 3500, request = "100m", deleted } = options;
  return {
    metadata: { name, ...(deleted ? { deletionTimestamp: ago(1) } : {}) },
    spec: { containers: [{ name: "web", image: "web", ...(request === "" ? {} : { resources: { requests: { cpu: request } } }) }] },
    status: {
      phase,
      startTime: ago(startedAgo),
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: ago(changedAgo) }],
    },
  };
}

const UTILIZATION: MetricSpec = { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } };
const amounts = (values: Readonly<Record<string, number>>): MetricReading => ({
  type: "pods",
  pods: new Map(Object.entries(values).map(([name, milli]) => [name, { milli, timeMs: NOW - 5000, windowMs: 15_000 }])),
});
const amount = (milli: number): MetricReading => ({ type: "amount", milli });
const failure = (message: string): MetricReading => ({ type: "failure", message });
const pods = (count: number, options?: PodOptions): Pod[] => Array.from({ length: count }, (_, index) => pod(`p${index}`, options));
const evenly = (count: number, milli: number): MetricReading =>
  amounts(Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, milli])));

interface Case extends Partial<Omit<ObservedAutoscaler, "autoscaler" | "scale">> {
  readonly replicas: number;
  readonly spec?: Partial<HorizontalPodAutoscaler["spec"]>;
}

function observed({ replicas, spec = {}, ...more }: Case): ObservedAutoscaler {
  return {
    autoscaler: {
      metadata: { name: "web", namespace: "default" },
      spec: { scaleTargetRef: { kind: "Deployment", name: "web" }, minReplicas: 1, maxReplicas: 10, metrics: [UTILIZATION], ...spec },
    },
    scale: { type: "scale", specReplicas: replicas, statusReplicas: replicas, hasSelector: true },
    pods: pods(replicas),
    rivals: [],
    readings: [],
    history: { recommendations: [], ups: [], downs: [] },
    ...more,
  };
}

/** The size that the plan wants, and the reasons of its conditions. */
function outcome(given: Case): (string | number | undefined)[] {
  const { status, scaleTo } = planAutoscaler(observed(given), NOW);
  return [scaleTo ?? "as it is", ...(status.conditions ?? []).map(({ reason }) => reason)];
}

describe("the share of what Pods ask for", () => {
  it.each<[string, Case, number | "as it is"]>([
    ["above its target: up", { replicas: 2, readings: [evenly(2, 100)] }, 4],
    ["below its target: down", { replicas: 4, readings: [evenly(4, 25)] }, 2],
    ["ten per cent off: nothing", { replicas: 4, readings: [evenly(4, 55)] }, "as it is"],
    ["a little more: up", { replicas: 4, readings: [evenly(4, 56)] }, 5],
    ["rounded up", { replicas: 3, readings: [evenly(3, 60)] }, 4],
    ["at most doubled, or four", { replicas: 3, readings: [evenly(3, 500)] }, 6],
    ["from one to four", { replicas: 1, readings: [evenly(1, 1000)] }, 4],
    ["never above the maximum", { replicas: 6, readings: [evenly(6, 500)] }, 10],
    ["never below the minimum", { replicas: 4, spec: { minReplicas: 3 }, readings: [evenly(4, 0)] }, 3],
    [
      "a wider tolerance of its own",
      { replicas: 4, spec: { behavior: { scaleUp: rules({ tolerance: "0.5" }) } }, readings: [evenly(4, 70)] },
      "as it is",
    ],
    ["Pods that are not measured count as idle on the way up", { replicas: 3, readings: [amounts({ p0: 120, p1: 120 })] }, 5],
    ["and as using all they asked for on the way down", { replicas: 3, readings: [amounts({ p0: 10, p1: 10 })] }, "as it is"],
    [
      "Pods that are not ready yet count as idle on the way up",
      { replicas: 3, pods: [...pods(2), pod("p2", { ready: false, startedAgo: 60, changedAgo: 60 })], readings: [evenly(3, 120)] },
      5,
    ],
    [
      "and not at all on the way down",
      { replicas: 3, pods: [...pods(2), pod("p2", { ready: false, startedAgo: 60, changedAgo: 60 })], readings: [evenly(3, 10)] },
      1,
    ],
    [
      "a Pod that became ready within the window is not trusted",
      { replicas: 2, pods: [pod("p0"), pod("p1", { startedAgo: 60, changedAgo: 10 })], readings: [amounts({ p0: 50, p1: 1000 })] },
      "as it is",
    ],
    [
      "Pods that are being deleted are ignored",
      { replicas: 2, pods: [...pods(2), pod("p9", { deleted: true })], readings: [evenly(2, 100)] },
      4,
    ],
  ])("%s", (_name, given, expected) => {
    expect(outcome(given)[0]).toBe(expected);
  });

  it("is reported with the average", () => {
    const { status, events } = planAutoscaler(observed({ replicas: 2, readings: [evenly(2, 100)] }), NOW);
    expect(status).toMatchObject({ currentReplicas: 2, desiredReplicas: 4, lastScaleTime: ago(0) });
    expect(status.currentMetrics).toEqual([
      { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 100, averageValue: "100m" } } },
    ]);
    expect(events).toEqual([
      {
        type: "Normal",
        reason: "SuccessfulRescale",
        message: "New size: 4; reason: cpu resource utilization (percentage of request) above target",
      },
    ]);
  });
});

function rules(more: HPAScalingRules): HPAScalingRules {
  return { stabilizationWindowSeconds: 0, selectPolicy: "Max", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }], ...more };
}

describe("other metrics", () => {
  const value = { type: "Value", value: "10" };
  const average = { type: "AverageValue", averageValue: "10" };
  const metric = { name: "requests" };
  const describedObject = { kind: "Service", name: "web" };
  it.each<[string, MetricSpec, MetricReading, number | "as it is"]>([
    ["an amount for each Pod", { type: "Resource", resource: { name: "memory", target: average } }, evenly(2, 15_000), 3],
    [
      "a container's share",
      { type: "ContainerResource", containerResource: { ...UTILIZATION.resource!, container: "web" } },
      evenly(2, 75),
      3,
    ],
    ["a metric of Pods", { type: "Pods", pods: { metric, target: average } }, evenly(2, 20_000), 4],
    ["a value of an object", { type: "Object", object: { metric, describedObject, target: value } }, amount(15_000), 3],
    ["a value of an object, shared out", { type: "Object", object: { metric, describedObject, target: average } }, amount(35_000), 4],
    ["an outside value", { type: "External", external: { metric, target: value } }, amount(15_500), 4],
    ["an outside value on target", { type: "External", external: { metric, target: average } }, amount(21_000), "as it is"],
  ])("%s", (_name, spec, reading, expected) => {
    expect(outcome({ replicas: 2, spec: { metrics: [spec] }, readings: [reading] })[0]).toBe(expected);
  });

  it("the one that asks for most wins; one that fails forbids to scale down, not up", () => {
    const memory: MetricSpec = { type: "Resource", resource: { name: "memory", target: average } };
    const metrics = [UTILIZATION, memory];
    expect(outcome({ replicas: 2, spec: { metrics }, readings: [evenly(2, 75), evenly(2, 20_000)] })[0]).toBe(4);
    expect(outcome({ replicas: 2, spec: { metrics }, readings: [failure("gone"), evenly(2, 20_000)] })[0]).toBe(4);
    expect(outcome({ replicas: 2, spec: { metrics }, readings: [failure("gone"), evenly(2, 1000)] })).toEqual([
      "as it is",
      "SucceededGetScale",
      "FailedGetResourceMetric",
    ]);
  });
});

describe("what is wrong is said", () => {
  const messages = (given: Case, scale?: ObservedAutoscaler["scale"]): (string | undefined)[] => {
    const plan = planAutoscaler({ ...observed(given), ...(scale === undefined ? {} : { scale }) }, NOW);
    return [
      ...(plan.status.conditions ?? []).map(({ message }) => message),
      ...plan.events.map(({ reason, message }) => `${reason}: ${message}`),
    ];
  };

  it("no request", () => {
    const cause = "failed to get cpu utilization: missing request for cpu in container web of Pod p0";
    expect(messages({ replicas: 1, pods: pods(1, { request: "" }), readings: [evenly(1, 5)] })).toEqual([
      "the HPA controller was able to get the target's current scale",
      `the HPA was unable to compute the replica count: ${cause}`,
      `FailedGetResourceMetric: ${cause}`,
      `FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${cause}`,
    ]);
  });

  it.each<[string, Case, string]>([
    [
      "no Pods",
      { replicas: 1, pods: [], readings: [evenly(1, 5)] },
      "failed to get cpu utilization: no pods returned by selector while calculating replica count",
    ],
    [
      "no measurements",
      { replicas: 1, readings: [failure("no metrics returned from resource metrics API")] },
      "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API",
    ],
    [
      "nobody is ready",
      { replicas: 1, pods: pods(1, { phase: "Pending" }), readings: [evenly(1, 5)] },
      "failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)",
    ],
  ])("%s", (_name, given, cause) => {
    expect(messages(given)).toContain(`FailedGetResourceMetric: ${cause}`);
  });

  it("no target, no selector, no Pods wanted", () => {
    expect(messages({ replicas: 1 }, { type: "failure", message: "away" })).toEqual([
      "the HPA controller was unable to get the target's current scale: away",
      "FailedGetScale: away",
    ]);
    expect(messages({ replicas: 1 }, { type: "scale", specReplicas: 1, statusReplicas: 1, hasSelector: false })).toContain(
      "SelectorRequired: selector is required",
    );
    expect(outcome({ replicas: 0, readings: [] })).toEqual(["as it is", "SucceededGetScale", "ScalingDisabled"]);
  });
});

describe("windows and rates", () => {
  const recommended = (...sizes: readonly (readonly [number, number])[]): ScaleHistory => ({
    recommendations: sizes.map(([secondsAgo, replicas]) => ({ atMs: NOW - secondsAgo * 1000, replicas })),
    ups: [],
    downs: [],
  });

  it("the highest recommendation of the last five minutes holds on the way down", () => {
    const readings = [evenly(8, 5)];
    expect(outcome({ replicas: 8, readings, history: recommended([290, 6], [310, 8]) })).toEqual([
      6,
      "SucceededRescale",
      "ValidMetricFound",
      "DesiredWithinRange",
    ]);
    expect(outcome({ replicas: 8, readings, history: recommended([290, 8]) })).toEqual([
      "as it is",
      "ScaleDownStabilized",
      "ValidMetricFound",
      "DesiredWithinRange",
    ]);
    expect(outcome({ replicas: 8, readings, history: undefined })[0]).toBe("as it is");
  });

  it.each<[string, HPAScalingRules, Partial<ScaleHistory>, number | "as it is"]>([
    ["a number of Pods", rules({ policies: [{ type: "Pods", value: 2, periodSeconds: 60 }] }), {}, 6],
    [
      "less what was added in the period",
      rules({ policies: [{ type: "Pods", value: 2, periodSeconds: 60 }] }),
      { ups: [{ atMs: NOW - 30_000, replicas: 1 }] },
      5,
    ],
    ["a share, rounded up", rules({ policies: [{ type: "Percent", value: 30, periodSeconds: 60 }] }), {}, 6],
    [
      "the policy that changes least",
      rules({
        selectPolicy: "Min",
        policies: [
          { type: "Pods", value: 1, periodSeconds: 60 },
          { type: "Percent", value: 100, periodSeconds: 60 },
        ],
      }),
      {},
      5,
    ],
    ["not at all", rules({ selectPolicy: "Disabled" }), {}, "as it is"],
    ["the lowest recommendation of the window", rules({ stabilizationWindowSeconds: 60 }), recommended([30, 5]), 5],
  ])("up by %s", (_name, scaleUp, history, expected) => {
    const given: Case = {
      replicas: 4,
      spec: { behavior: { scaleUp } },
      readings: [evenly(4, 500)],
      history: { recommendations: [], ups: [], downs: [], ...history },
    };
    expect(outcome(given)[0]).toBe(expected);
  });

  it.each<[string, HPAScalingRules, number | "as it is"]>([
    ["a number of Pods", rules({ policies: [{ type: "Pods", value: 3, periodSeconds: 60 }] }), 5],
    ["a share, rounded towards fewer", rules({ policies: [{ type: "Percent", value: 30, periodSeconds: 60 }] }), 5],
    [
      "the policy that changes least",
      rules({
        selectPolicy: "Min",
        policies: [
          { type: "Pods", value: 1, periodSeconds: 60 },
          { type: "Pods", value: 5, periodSeconds: 60 },
        ],
      }),
      7,
    ],
    ["not at all", rules({ selectPolicy: "Disabled" }), "as it is"],
  ])("down by %s", (_name, scaleDown, expected) => {
    expect(outcome({ replicas: 8, spec: { behavior: { scaleDown } }, readings: [evenly(8, 5)] })[0]).toBe(expected);
  });
});
