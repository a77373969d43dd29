import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  customResourceDefinitionKind,
  deploymentKind,
  eventKind,
  horizontalPodAutoscalerKind,
  type HorizontalPodAutoscaler,
  type KubeObject,
  type Resource,
} from "@skiff/api";
import { startCluster, type TestCluster } from "./test-cluster.ts";

const ref = { namespace: "default", name: "web" };
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await startCluster({ nodes: 2 });
});
afterEach(() => cluster.stop());

async function createDeployment(replicas = 1): Promise<void> {
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  await cluster.client.resource(deploymentKind).create({
    metadata: ref,
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "example.com/web:1", resources }] } },
    },
  });
}

function autoscaler(spec: Partial<HorizontalPodAutoscaler["spec"]> = {}): HorizontalPodAutoscaler {
  const target = { type: "Utilization", averageUtilization: 50 };
  return {
    metadata: ref,
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
      ...spec,
    },
  };
}

/** Time passes under a load, in thousandths of a core, that all containers share. */
async function run(seconds: number, load: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 5) {
    const running: (() => void)[] = [];
    const found = await Promise.all(
      Array.from(cluster.nodes.values(), async ({ runtime }) => [runtime, await runtime.listContainers()] as const),
    );
    const all = found.flatMap(([runtime, containers]) =>
      containers.filter(({ state }) => state === "CONTAINER_RUNNING").map(({ id }) => ({ runtime, id })),
    );
    for (const { runtime, id } of all) running.push(() => runtime.setUsage(id, { cpuMillicores: load / all.length }));
    for (const set of running) set();
    await cluster.clock.advance("5s");
  }
}

const read = (): Promise<HorizontalPodAutoscaler> => cluster.client.resource(horizontalPodAutoscalerKind).get(ref);
const size = async (): Promise<number | undefined> => (await cluster.client.resource(deploymentKind).get(ref)).spec?.replicas;
const condition = async (type: string): Promise<string> => {
  const found = (await read()).status?.conditions?.find((each) => each.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
};
const events = async (): Promise<string[]> =>
  (await cluster.client.resource(eventKind).list({ namespace: "default" })).items
    .filter(({ involvedObject }) => involvedObject.kind === "HorizontalPodAutoscaler")
    .map(({ reason, message }) => `${reason}: ${message}`);

describe("a HorizontalPodAutoscaler", () => {
  it("scales up under load at once, and down five minutes after the load has gone", async () => {
    await createDeployment();
    await run(60, 20);
    await cluster.client.resource(horizontalPodAutoscalerKind).create(autoscaler());
    await run(60, 200);
    expect(await size()).toBe(4);
    expect(await events()).toContain(
      "SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target",
    );
    await run(120, 200);
    expect(await size()).toBe(4);
    expect(await condition("ScalingActive")).toBe(
      "True ValidMetricFound: the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
    );
    const { status } = await read();
    expect(status).toMatchObject({ currentReplicas: 4, desiredReplicas: 4 });
    expect(status?.currentMetrics).toEqual([
      { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 50, averageValue: "50m" } } },
    ]);

    await run(270, 20);
    expect(await size()).toBe(4);
    expect(await condition("AbleToScale")).toMatch(/^True ScaleDownStabilized: recent recommendations were higher than current one/);
    await run(75, 20);
    expect(await size()).toBe(1);
    expect(await events()).toContain("SuccessfulRescale: New size: 1; reason: All metrics below target");
  });

  it("keeps to its limits whatever the load", async () => {
    await createDeployment(8);
    await cluster.client.resource(horizontalPodAutoscalerKind).create(autoscaler({ minReplicas: 2 }));
    await run(30, 0);
    expect(await size()).toBe(5);
    expect(await events()).toContain("SuccessfulRescale: New size: 5; reason: Current number of replicas above Spec.MaxReplicas");
    await run(120, 5000);
    expect(await size()).toBe(5);
    expect(await condition("ScalingLimited")).toBe(
      "True TooManyReplicas: the desired replica count is more than the maximum replica count",
    );
  });

  it("follows the rates and windows of its behaviour", async () => {
    await createDeployment(4);
    await run(60, 80);
    const scaleDown = { stabilizationWindowSeconds: 0, policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] };
    await cluster.client.resource(horizontalPodAutoscalerKind).create(autoscaler({ behavior: { scaleDown } }));
    await run(20, 20);
    expect(await size()).toBe(3);
    expect(await condition("ScalingLimited")).toMatch(/^True ScaleDownLimit/);
    await run(30, 20);
    expect(await size()).toBe(3);
    await run(45, 20);
    expect(await size()).toBe(2);
  });

  it("says what it lacks: a target, a request, a metrics API", async () => {
    const autoscalers = cluster.client.resource(horizontalPodAutoscalerKind);
    await autoscalers.create(autoscaler());
    await run(5, 0);
    expect(await condition("AbleToScale")).toBe(
      'False FailedGetScale: the HPA controller was unable to get the target\'s current scale: deployments.apps "web" not found',
    );
    await createDeployment();
    await run(60, 10);
    const metric = { name: "requests" };
    await autoscalers.patch(ref, {
      spec: { metrics: [{ type: "Pods", pods: { metric, target: { type: "AverageValue", averageValue: "10" } } }] },
    });
    await run(5, 10);
    expect(await condition("ScalingActive")).toBe(
      "False FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get metric requests: " +
        "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
    );
    await autoscalers.patch(ref, {
      spec: { metrics: [{ type: "External", external: { metric, target: { type: "Value", value: "10" } } }] },
    });
    await run(5, 10);
    expect(await condition("ScalingActive")).toMatch(/^False FailedGetExternalMetric: .* from external metrics API: /);
  });

  it("scales custom kinds by their scale", async () => {
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    const scale = { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size", labelSelectorPath: ".status.selector" };
    await cluster.client.resource(customResourceDefinitionKind).create({
      metadata: { name: "fleets.example.com" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names: { plural: "fleets", kind: "Fleet" },
        versions: [{ name: "v1", served: true, storage: true, schema, subresources: { status: {}, scale } }],
      },
    } as never);
    await cluster.clock.advance("5s");
    const fleet: Resource = { group: "example.com", version: "v1", kind: "Fleet", plural: "fleets", namespaced: true };
    const fleets = cluster.client.resource<KubeObject & { spec?: { size: number }; status?: unknown }>(fleet as never);
    const created = await fleets.create({ apiVersion: "example.com/v1", kind: "Fleet", metadata: ref, spec: { size: 1 } });
    await fleets.updateStatus({ ...created, status: { size: 1, selector: "app=web" } });
    const scaleTargetRef = { apiVersion: "example.com/v1", kind: "Fleet", name: "web" };
    await cluster.client.resource(horizontalPodAutoscalerKind).create(autoscaler({ scaleTargetRef, minReplicas: 3 }));
    await run(5, 0);
    expect((await fleets.get(ref)).spec?.size).toBe(3);
  });
});
