import { afterEach, beforeEach, expect, it } from "vitest";
import { endpointSliceKind, serviceKind } from "@skiff/api";
import { InformerFactory } from "@skiff/client";
import { runController, type RunningController } from "@skiff/controller-kit";
import { startCluster, type TestCluster } from "../test-cluster.ts";
import { createDashboardServiceController, DASHBOARD_SERVICE, ensureDashboardService } from "./dashboard-service.ts";

let cluster: TestCluster;
let informers: InformerFactory;
let running: RunningController;

beforeEach(async () => {
  cluster = await startCluster();
  informers = new InformerFactory(cluster.client, cluster.host);
  const services = informers.informer(serviceKind);
  running = runController(createDashboardServiceController(cluster.client, services, { address: "192.0.2.1", port: 40_123 }), cluster.host);
  informers.start();
  await ensureDashboardService(cluster.client);
  await cluster.clock.advance("1s");
});
afterEach(async () => {
  await running.stop();
  await informers.stop();
  await cluster.stop();
});

async function endpoints(): Promise<string[]> {
  const { items } = await cluster.client
    .resource(endpointSliceKind)
    .list({ labelSelector: "kubernetes.io/service-name=kubernetes-dashboard" });
  return items.flatMap(
    (slice) => slice.endpoints?.flatMap(({ addresses }) => addresses.map((each) => `${each}:${slice.ports?.[0]?.port}`)) ?? [],
  );
}

it("leads to the dashboard, under the port without a name that documents use", async () => {
  expect(await endpoints()).toEqual(["192.0.2.1:40123"]);
  const { spec } = await cluster.client.resource(serviceKind).get(DASHBOARD_SERVICE);
  expect(spec?.ports).toMatchObject([{ port: 443, targetPort: 8443 }]);
  expect(spec?.ports?.[0]?.name).toBeUndefined();
});

it("is left to its Pods once somebody gives the Service some, and taken back when not", async () => {
  const services = cluster.client.resource(serviceKind);
  await services.patch(DASHBOARD_SERVICE, { spec: { selector: { "k8s-app": "kubernetes-dashboard" } } });
  await cluster.clock.advance("1s");
  expect(await endpoints()).toEqual([]);
  await services.patch(DASHBOARD_SERVICE, { spec: { selector: null } });
  await cluster.clock.advance("1s");
  expect(await endpoints()).toEqual(["192.0.2.1:40123"]);
});

it("goes with the Service", async () => {
  await cluster.client.resource(serviceKind).delete(DASHBOARD_SERVICE);
  await cluster.clock.advance("10s");
  expect(await endpoints()).toEqual([]);
  // The next start of the server brings it back.
  await ensureDashboardService(cluster.client);
  await cluster.clock.advance("1s");
  expect(await endpoints()).toEqual(["192.0.2.1:40123"]);
});
