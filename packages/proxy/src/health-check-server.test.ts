import { afterEach, beforeEach, expect, it } from "vitest";
import { endpointSliceKind, serviceKind } from "@skiff/api";
import { testHost } from "@skiff/base/testing";
import { Client, InformerFactory } from "@skiff/client";
import { MemoryApi } from "@skiff/client/testing";
import type { HealthAnswer } from "./health-check.ts";
import { HealthCheckServer } from "./health-check-server.ts";

const PORT = 31_999;
let clock: ReturnType<typeof testHost>["clock"];
let client: Client;
let informers: InformerFactory;
let server: HealthCheckServer;
/** What is served now, by port. */
let served: Map<number, () => HealthAnswer>;
let isTaken: boolean;

beforeEach(async () => {
  const host = testHost();
  clock = host.clock;
  client = new Client(new MemoryApi(host));
  informers = new InformerFactory(client, host);
  served = new Map();
  isTaken = false;
  server = new HealthCheckServer({
    host,
    nodeName: "here",
    services: informers.informer(serviceKind),
    endpointSlices: informers.informer(endpointSliceKind),
    sockets: {
      async serve(port, answer) {
        if (isTaken) throw new Error("address already in use");
        served.set(port, answer);
        return async () => void served.delete(port);
      },
    },
  });
  server.start();
  informers.start();
  await clock.advance("1s");
});
afterEach(async () => {
  await server.stop();
  await informers.stop();
});

async function createService(): Promise<void> {
  await client.resource(serviceKind).create({
    metadata: { name: "web", namespace: "default" },
    spec: {
      type: "LoadBalancer",
      clusterIP: "10.96.0.9",
      externalTrafficPolicy: "Local",
      healthCheckNodePort: PORT,
      ports: [{ port: 80, nodePort: 30_080 }],
    },
  });
  await clock.advance("1s");
}

async function createSlice(name: string, nodeName: string, ready: boolean): Promise<void> {
  await client.resource(endpointSliceKind).create({
    metadata: { name, namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [`10.244.0.${name.codePointAt(0)}`], nodeName, conditions: { ready } }],
    ports: [{ port: 80 }],
  });
  await clock.advance("1s");
}

it("says 503 until a ready endpoint is on this node, then 200", async () => {
  await createService();
  await createSlice("a", "there", true);
  await createSlice("b", "here", false);
  expect(served.get(PORT)?.()).toMatchObject({ status: 503, headers: { "X-Load-Balancing-Endpoint-Weight": "0" } });
  await createSlice("c", "here", true);
  const answer = served.get(PORT)?.();
  expect(answer?.status).toBe(200);
  expect(JSON.parse(answer?.body ?? "")).toEqual({
    service: { namespace: "default", name: "web" },
    localEndpoints: 1,
    serviceProxyHealthy: true,
  });
});

it("closes the port with the Service, and tries again while it is taken", async () => {
  isTaken = true;
  await createService();
  expect(served.size).toBe(0);
  isTaken = false;
  await clock.advance("15s");
  expect([...served.keys()]).toEqual([PORT]);
  await client.resource(serviceKind).delete({ namespace: "default", name: "web" });
  await clock.advance("1s");
  expect(served.size).toBe(0);
});
