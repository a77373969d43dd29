import { afterEach, describe, expect, it } from "vitest";
import {
  addMetricsSchemas,
  apiServiceKind,
  builtInSchemas,
  endpointSliceKind,
  metricsKinds,
  podMetricsKind,
  serviceKind,
  type APIService,
  type Status,
} from "@skiff/api";
import { NodeUnreachableError, type ConnectRequest, type ConnectResponse, type ConnectTarget } from "../ports/node-connector.ts";
import { RequestQuery } from "../request-query.ts";
import type { Reply } from "../reply.ts";
import type { ServerRequest } from "../server-request.ts";
import { createPathHandlers } from "../surfaces/path-handlers.ts";
import { startTestApiServer, type TestApiServer } from "../testing.ts";

let api: TestApiServer;
let asked: { readonly target: ConnectTarget; readonly request: ConnectRequest }[] = [];
let isDown = false;
afterEach(() => api.stop());

const RESOURCES = {
  kind: "APIResourceList",
  groupVersion: "metrics.example.com/v1",
  resources: [
    { name: "nodes", singularName: "node", namespaced: false, kind: "NodeMetrics", verbs: ["get", "list"], shortNames: ["nm"] },
    { name: "nodes/status", namespaced: false, kind: "NodeMetrics", verbs: ["get"] },
  ],
};

/** Plays the extension server. */
async function extension(target: ConnectTarget, request: ConnectRequest): Promise<ConnectResponse> {
  asked.push({ target, request });
  if (isDown) throw new NodeUnreachableError("connection refused");
  const body =
    request.path === "/apis/metrics.example.com/v1"
      ? RESOURCES
      : { hello: request.path, q: request.query, body: String(request.body ?? "") };
  const chunk = Buffer.from(JSON.stringify(body));
  return {
    status: 200,
    headers: { "content-type": "application/json", connection: "close" },
    body: (async function* () {
      yield chunk;
    })(),
  };
}

const apiService: APIService = {
  metadata: { name: "v1.metrics.example.com" },
  spec: {
    group: "metrics.example.com",
    version: "v1",
    groupPriorityMinimum: 100,
    versionPriority: 100,
    caBundle: Buffer.from("PEM").toString("base64"),
    service: { namespace: "default", name: "metrics" },
  },
};

async function start(): Promise<void> {
  asked = [];
  isDown = false;
  api = await startTestApiServer({
    compose: () => ({ extensions: { request: extension, upgrade: extension }, paths: createPathHandlers() }),
  });
  await api.clock.settle();
}

async function addServer(): Promise<void> {
  const client = api.client();
  await client.resource(serviceKind).create({
    metadata: { name: "metrics", namespace: "default" },
    spec: { ports: [{ port: 443, targetPort: 8443 }] },
  });
  await client.resource(endpointSliceKind).create({
    metadata: { name: "metrics-1", namespace: "default", labels: { "kubernetes.io/service-name": "metrics" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.0.0.7"], conditions: { ready: true } }],
    ports: [{ name: "", port: 8443, protocol: "TCP" }],
  });
}

function request(method: ServerRequest["method"], url: string, more: Partial<ServerRequest> = {}): Promise<Reply> {
  const [path = "", query = ""] = url.split("?");
  const user = { name: "jane", groups: ["dev", "system:authenticated"], extra: { "example.com/team": ["red", "blue"] } };
  const headers = { authorization: "Bearer secret", "x-remote-user": "admin" };
  return api.server.handle({
    method,
    path,
    query: RequestQuery.parse(query),
    headers,
    body: { type: "none" },
    user,
    internal: false,
    ...more,
  });
}

async function textOf(reply: Reply): Promise<string> {
  if (reply.type === "stream") {
    const chunks: Uint8Array[] = [];
    for await (const chunk of reply.body) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }
  return reply.type === "text" ? String(reply.text) : JSON.stringify((reply as { value?: unknown }).value);
}

const conditionOf = async (name = "v1.metrics.example.com"): Promise<string> => {
  const { status } = await api.client().resource(apiServiceKind).get({ name });
  return (status?.conditions ?? []).map(({ type, status: state, reason, message }) => `${type}=${state} ${reason}: ${message}`).join();
};

describe("APIServices of extension servers", () => {
  it("say whether the server answers, from the moment in which it does", async () => {
    await start();
    await api.client().resource(apiServiceKind).create(apiService);
    await api.clock.settle();
    expect(await conditionOf()).toBe('Available=False ServiceNotFound: service/metrics in "default" is not present');
    await addServer();
    await api.clock.advance("31s");
    expect(await conditionOf()).toBe("Available=True Passed: all checks passed");
    isDown = true;
    await api.clock.advance("31s");
    expect(await conditionOf()).toBe("Available=False FailedDiscoveryCheck: failing or missing response: connection refused");
  });

  it("get requests as the user who asks, without credentials, by several headers of one name", async () => {
    await start();
    await addServer();
    await api.client().resource(apiServiceKind).create(apiService);
    const reply = await request("POST", "/apis/metrics.example.com/v1/nodes/a%20b?x=y", { body: { type: "value", value: { a: 1 } } });
    expect(reply).toMatchObject({ type: "stream", status: 200, headers: { "content-type": "application/json" } });
    expect(JSON.parse(await textOf(reply))).toEqual({ hello: "/apis/metrics.example.com/v1/nodes/a%20b", q: "x=y", body: '{"a":1}' });
    expect(asked.at(-1)?.target).toEqual({
      type: "extension",
      host: "10.0.0.7",
      port: 8443,
      serverName: "metrics.default.svc",
      authorityPem: "PEM",
      insecure: false,
    });
    expect(asked.at(-1)?.request.headers).toEqual({
      host: "metrics.default.svc",
      "content-length": "7",
      "x-remote-user": "jane",
      "x-remote-group": ["dev", "system:authenticated"],
      "x-remote-extra-example.com%2Fteam": ["red", "blue"],
    });
  });

  it("are in discovery: plain, aggregated, and stale while nobody answers", async () => {
    await start();
    await addServer();
    await api.client().resource(apiServiceKind).create(apiService);
    await api.clock.settle();
    expect(await textOf(await request("GET", "/apis"))).toContain('"groupVersion":"metrics.example.com/v1"');
    expect(JSON.parse(await textOf(await request("GET", "/apis/metrics.example.com")))).toMatchObject({
      preferredVersion: { version: "v1" },
    });
    expect(JSON.parse(await textOf(await request("GET", "/apis/metrics.example.com/v1")))).toEqual(RESOURCES);
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    const group = async (): Promise<unknown> => {
      const text = await textOf(await request("GET", "/apis", { headers: { accept } }));
      const { items } = JSON.parse(text) as { items: { metadata: { name: string }; versions: unknown[] }[] };
      return items.find(({ metadata }) => metadata.name === "metrics.example.com")?.versions[0];
    };
    expect(await group()).toMatchObject({
      version: "v1",
      freshness: "Current",
      resources: [
        { resource: "nodes", scope: "Cluster", responseKind: { kind: "NodeMetrics" }, subresources: [{ subresource: "status" }] },
      ],
    });
    isDown = true;
    await api.clock.advance("31s");
    expect(await group()).toMatchObject({ freshness: "Stale", resources: [] });
  });

  it("are a 503 while nobody answers, and a 404 when they are gone", async () => {
    await start();
    await addServer();
    await api.client().resource(apiServiceKind).create(apiService);
    isDown = true;
    const refused = (await request("GET", "/apis/metrics.example.com/v1/nodes")) as { readonly value?: Status };
    expect(refused.value).toMatchObject({ reason: "ServiceUnavailable", details: { retryAfterSeconds: 1 } });
    await api.client().resource(apiServiceKind).delete({ name: "v1.metrics.example.com" });
    expect(await request("GET", "/apis/metrics.example.com/v1/nodes")).toMatchObject({ status: 404 });
  });

  it("cannot take over what the server serves itself", async () => {
    await start();
    await addServer();
    const name = { name: "v1.apps" };
    const live = await api.client().resource(apiServiceKind).get(name);
    await api
      .client()
      .resource(apiServiceKind)
      .update({ ...live, spec: { ...apiService.spec, group: "apps" } as APIService["spec"] });
    expect(await request("GET", "/apis/apps/v1/deployments")).toMatchObject({ type: "list" });
  });
});

it("keeps APIServices for what the server serves itself", async () => {
  await start();
  const services = await api.client().resource(apiServiceKind).list();
  const named = new Map(services.items.map((each) => [each.metadata?.name, each]));
  expect(named.get("v1.")?.spec).toMatchObject({ version: "v1", groupPriorityMinimum: 18_000 });
  expect(named.get("v1.apps")?.metadata?.labels).toEqual({ "kube-aggregator.kubernetes.io/automanaged": "onstart" });
  expect(await conditionOf("v1.apps")).toBe("Available=True Local: Local APIServices are always available");
  expect(named.has("v1.apiregistration.k8s.io")).toBe(false);
});

describe("a kind that gives way to extension servers", () => {
  it("is answered here until an APIService names a server, and again when that is gone", async () => {
    const schemas = builtInSchemas();
    addMetricsSchemas(schemas);
    const own = { givesWay: true, list: () => [] };
    api = await startTestApiServer({
      kinds: metricsKinds,
      schemas,
      compose: () => ({
        extensions: { request: extension, upgrade: extension },
        paths: createPathHandlers(),
        virtualResources: new Map(metricsKinds.map(({ group, kind }) => [`${group}/${kind}`, own])),
      }),
    });
    await api.clock.settle();
    await addServer();
    const name = "v1beta1.metrics.k8s.io";
    const services = api.client().resource(apiServiceKind);
    const list = async (): Promise<string> => (await request("GET", "/apis/metrics.k8s.io/v1beta1/pods")).type;
    expect(await conditionOf(name)).toBe("Available=True Local: Local APIServices are always available");
    expect((await api.client().resource(podMetricsKind).list()).items).toEqual([]);

    await services.patch(
      { name },
      { spec: { service: { namespace: "default", name: "metrics" }, caBundle: apiService.spec?.caBundle ?? "" } },
    );
    await api.clock.settle();
    expect(await list()).toBe("stream");
    expect(await conditionOf(name)).toMatch(/^Available=(True|False) (Passed|FailedDiscoveryCheck)/);

    await services.delete({ name });
    await api.clock.settle();
    expect(await list()).toBe("list");
    expect(await conditionOf(name)).toMatch(/^Available=True Local/);
  });
});
