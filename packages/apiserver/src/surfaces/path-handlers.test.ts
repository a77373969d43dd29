import { beforeAll, describe, expect, it } from "vitest";
import { silentLogger, systemRandom, VirtualClock } from "@skiff/base";
import { allKinds, builtInSchemas, isStatus, type Method } from "@skiff/api";
import type { Reply } from "../reply.ts";
import type { RequestContext } from "../request-context.ts";
import { RequestQuery } from "../request-query.ts";
import { ServedResources } from "../served-resources.ts";
import type { ServerCore } from "../server-core.ts";
import { resolveRoute } from "../stages/route.ts";
import { createPathHandlers } from "./path-handlers.ts";
import { RequestMetrics } from "./request-metrics.ts";

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

const clock = new VirtualClock();
const registry = { connected: true };
const resources = new ServedResources();
const metrics = new RequestMetrics(clock);
const core = {
  host: { clock, random: systemRandom, log: silentLogger },
  registry,
  resources,
  schemas: builtInSchemas(),
  metrics,
} as unknown as ServerCore;
const handlers = createPathHandlers({ readinessChecks: [{ name: "bootstrap", problem: () => "not yet" }] });

async function get(url: string, headers: Record<string, string> = {}, method: Method = "GET"): Promise<Answer> {
  const [path = "", search = ""] = url.split("?");
  const query = RequestQuery.parse(search);
  const route = resolveRoute(method, path, query);
  const context = {
    core,
    route,
    request: { method, path, query, headers, body: { type: "none" }, internal: false },
    warnings: new Set(),
  } as unknown as RequestContext;
  const reply = (await handlers.get(route.segments[0] ?? "")?.(context)) as Reply;
  if (reply.type === "value") return { status: reply.status, body: reply.value, headers: reply.headers ?? {} };
  if (reply.type !== "text") throw new Error(reply.type);
  const text = String(reply.text);
  return { status: reply.status, body: text.startsWith("{") ? JSON.parse(text) : text, headers: reply.headers ?? {} };
}

async function refusal(answer: Promise<Answer>): Promise<string | undefined> {
  return answer.then(
    () => undefined,
    (error: unknown) => (isStatus(error) ? error.reason : String(error)),
  );
}

beforeAll(() => {
  for (const kind of allKinds) resources.add(kind, {});
});

describe("discovery", () => {
  it("lists groups with their versions by preference", async () => {
    expect((await get("/api")).body).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
    const { groups } = (await get("/apis")).body as { groups: { name: string; versions: unknown; preferredVersion: unknown }[] };
    expect(groups.map(({ name }) => name)).not.toContain("");
    expect(groups.find(({ name }) => name === "autoscaling")).toEqual({
      name: "autoscaling",
      versions: [
        { groupVersion: "autoscaling/v2", version: "v2" },
        { groupVersion: "autoscaling/v1", version: "v1" },
      ],
      preferredVersion: { groupVersion: "autoscaling/v2", version: "v2" },
    });
    expect((await get("/apis/apps")).body).toMatchObject({ kind: "APIGroup", name: "apps" });
  });

  it("lists resources and subresources, naming another kind's group", async () => {
    const core = (await get("/api/v1")).body as { groupVersion: string; resources: { name: string }[] };
    expect(core.groupVersion).toBe("v1");
    const find = (list: { name: string }[], name: string): unknown => list.find((each) => each.name === name);
    expect(find(core.resources, "pods")).toEqual({
      name: "pods",
      singularName: "pod",
      namespaced: true,
      kind: "Pod",
      verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
      shortNames: ["po"],
      categories: ["all"],
    });
    expect(find(core.resources, "pods/eviction")).toEqual({
      name: "pods/eviction",
      singularName: "",
      namespaced: true,
      group: "policy",
      version: "v1",
      kind: "Eviction",
      verbs: ["create"],
    });
    expect(find(core.resources, "pods/status")).toEqual({
      name: "pods/status",
      singularName: "",
      namespaced: true,
      kind: "Pod",
      verbs: ["get", "patch", "update"],
    });
    expect(find(core.resources, "nodes/proxy")).toMatchObject({
      kind: "NodeProxyOptions",
      verbs: ["create", "delete", "get", "patch", "update"],
    });
    const apps = (await get("/apis/apps/v1")).body as { resources: { name: string }[] };
    expect(find(apps.resources, "deployments/scale")).toMatchObject({ group: "autoscaling", version: "v1", kind: "Scale" });
  });

  it("answers all in one document, and 304 to those who have it", async () => {
    const accept =
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
    const { body, headers } = await get("/apis", { accept });
    expect(body).toMatchObject({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" });
    expect((body as { items: unknown[] }).items).toContainEqual(
      expect.objectContaining({
        metadata: { name: "policy" },
        versions: [
          {
            version: "v1",
            freshness: "Current",
            resources: [
              expect.objectContaining({
                resource: "poddisruptionbudgets",
                scope: "Namespaced",
                responseKind: { group: "policy", version: "v1", kind: "PodDisruptionBudget" },
                subresources: [
                  {
                    subresource: "status",
                    responseKind: { group: "policy", version: "v1", kind: "PodDisruptionBudget" },
                    verbs: ["get", "patch", "update"],
                  },
                ],
              }),
            ],
          },
        ],
      }),
    );
    expect(await get("/apis", { accept, "if-none-match": headers["etag"] ?? "" })).toMatchObject({ status: 304, body: "" });
  });

  it.each(["/apis/none", "/apis/apps/v9", "/api/v2", "/healthz/none", "/version/x", "/openapi/v1", "/openapi/v3/apis/none/v1"])(
    "knows nothing of %s",
    async (path) => {
      expect(await refusal(get(path))).toBe("NotFound");
    },
  );

  it("is read only", async () => {
    expect(await refusal(get("/version", {}, "POST"))).toBe("MethodNotAllowed");
  });
});

describe("OpenAPI", () => {
  it("finds each group version by its hash", async () => {
    const { paths } = (await get("/openapi/v3")).body as { paths: Record<string, { serverRelativeURL: string }> };
    const url = paths["apis/apps/v1"]?.serverRelativeURL ?? "";
    const { body, headers } = await get(url);
    expect(body).toMatchObject({ openapi: "3.0.0", components: { schemas: { "io.k8s.api.apps.v1.Deployment": {} } } });
    expect(headers["cache-control"]).toContain("immutable");
    expect(await get(url, { "if-none-match": headers["etag"] ?? "" })).toMatchObject({ status: 304 });
    expect(await get("/openapi/v3/apis/apps/v1?hash=OLD")).toMatchObject({ status: 301, headers: { location: url } });
    expect((await get("/openapi/v3/apis/apps/v1")).headers["cache-control"]).toBeUndefined();
  });

  it("has one document for everything, as JSON or as protobuf", async () => {
    const protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    expect((await get("/openapi/v2", { accept: "application/json" })).body).toMatchObject({ swagger: "2.0" });
    // Field 1 of the document: its version of OpenAPI.
    expect((await get("/openapi/v2", { accept: protobuf })).body).toSatisfy((text: string) => text.startsWith("\n\x032.0"));
    expect(await refusal(get("/openapi/v3", { accept: protobuf }))).toBe("NotAcceptable");
  });
});

describe("health", () => {
  it("fails with a check, and does not tell clients why", async () => {
    expect(await get("/livez")).toMatchObject({ status: 200, body: "ok" });
    expect(await get("/readyz")).toMatchObject({
      status: 500,
      body: "[+]ping ok\n[+]etcd ok\n[-]bootstrap failed: reason withheld\nreadyz check failed\n",
    });
    expect(await get("/readyz?verbose&exclude=bootstrap")).toMatchObject({
      status: 200,
      body: "[+]ping ok\n[+]etcd ok\n[+]bootstrap excluded: ok\nreadyz check passed\n",
    });
    expect(await get("/readyz/ping")).toMatchObject({ status: 200, body: "ok" });
  });

  it("is lost with the connection to the store", async () => {
    registry.connected = false;
    expect((await get("/healthz")).status).toBe(500);
    expect((await get("/healthz/etcd")).status).toBe(500);
    registry.connected = true;
  });
});

it("shows counts of requests and of the process", async () => {
  const end = metrics.begin();
  await clock.advance(20);
  end({ verb: "list", group: "", version: "v1", resource: "pods", subresource: "", scope: "namespace" }, 200);
  const text = String((await get("/metrics")).body);
  expect(text).toContain(
    'apiserver_request_total{verb="LIST",group="",version="v1",resource="pods",subresource="",scope="namespace",code="200"} 1',
  );
  expect(text).toMatch(/apiserver_request_duration_seconds_bucket\{le="0\.025",verb="LIST",.*\} 1/);
  expect(text).toContain("process_resident_memory_bytes");
});

it("lists all paths", async () => {
  const { paths } = (await get("/")).body as { paths: string[] };
  expect(paths).toEqual(
    expect.arrayContaining(["/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz/ping", "/metrics", "/version"]),
  );
});
