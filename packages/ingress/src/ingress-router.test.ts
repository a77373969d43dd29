import { afterEach, beforeEach, expect, it } from "vitest";
import { endpointSliceKind, ingressClassKind, ingressKind, secretKind, serviceKind, type Ingress } from "@skiff/api";
import { testHost } from "@skiff/base/testing";
import { Client, EventRecorder, InformerFactory } from "@skiff/client";
import { MemoryApi } from "@skiff/client/testing";
import { runController, type RunningController } from "@skiff/controller-kit";
import { IngressRouter } from "./ingress-router.ts";
import { createIngressStatusController, INGRESS_SERVICE } from "./ingress-status.ts";

let host: ReturnType<typeof testHost>;
let client: Client;
let informers: InformerFactory;
let router: IngressRouter;
let status: RunningController;
let tables: number;

beforeEach(async () => {
  host = testHost();
  client = new Client(new MemoryApi(host));
  informers = new InformerFactory(client, host);
  router = new IngressRouter({
    host,
    ingresses: informers.informer(ingressKind),
    classes: informers.informer(ingressClassKind),
    secrets: informers.informer(secretKind),
    services: informers.informer(serviceKind),
    endpointSlices: informers.informer(endpointSliceKind),
  });
  tables = 0;
  router.onTable(() => tables++);
  status = runController(createIngressStatusController({ client, informers, events: new EventRecorder(client, host, "test") }), host);
  informers.start();
  const started = router.start(new AbortController().signal);
  await host.clock.advance("1s");
  await started;
});
afterEach(async () => {
  router.stop();
  const stopped = Promise.all([status.stop(), informers.stop()]);
  await host.clock.advance("1s");
  await stopped;
});

const createIngress = async (name: string, ingressClassName: string): Promise<void> => {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const spec = {
    ingressClassName,
    rules: [{ host: `${name}.example.com`, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
  };
  await client.resource(ingressKind).create({ metadata: { name, namespace: "default" }, spec });
  await host.clock.advance("1s");
};
const get = (name: string): Promise<Ingress> => client.resource(ingressKind).get({ namespace: "default", name });

it("follows the cluster, and changes the table only when something in it has changed", async () => {
  await createIngress("a", "skiff");
  expect(router.match("a.example.com", "/")?.route.backend.endpoints).toEqual([]);
  expect(tables).toBe(1);
  await client.resource(serviceKind).create({
    metadata: { name: "web", namespace: "default" },
    spec: { clusterIP: "10.96.0.9", ports: [{ port: 80 }] },
  });
  await client.resource(endpointSliceKind).create({
    metadata: { name: "web-1", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.244.0.2"] }],
    ports: [{ port: 8080, protocol: "TCP" }],
  });
  await host.clock.advance("1s");
  expect(router.match("a.example.com", "/")?.route.backend.endpoints).toEqual([{ host: "10.244.0.2", port: 8080 }]);
  expect(tables).toBe(2);
  await client.resource(serviceKind).patch({ namespace: "default", name: "web" }, { metadata: { labels: { of: "no account" } } });
  await host.clock.advance("1s");
  expect(tables).toBe(2);
  await client.resource(ingressKind).delete({ namespace: "default", name: "a" });
  await host.clock.advance("1s");
  expect(router.match("a.example.com", "/")).toBeUndefined();
});

it("has its address in the status of the Ingresses that are served, and of no others", async () => {
  await createIngress("a", "skiff");
  await createIngress("b", "other");
  await client.resource(serviceKind).create({
    metadata: INGRESS_SERVICE,
    spec: { type: "LoadBalancer", clusterIP: "10.96.0.8", allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] },
  });
  const loadBalancer = { ingress: [{ ip: "10.172.0.1" }] };
  await client.resource(serviceKind).patch(INGRESS_SERVICE, { status: { loadBalancer } }, { subresource: "status" });
  await host.clock.advance("1s");
  expect((await get("a")).status).toEqual({ loadBalancer });
  expect((await get("b")).status).toEqual({ loadBalancer: {} });
});
