import { assert } from "@skiff/base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  deploymentKind,
  ingressKind,
  PATCH_TYPES,
  type ApiResponse,
  type Deployment,
  type Ingress,
  type KubeObject,
  type Method,
  type Resource,
  type Status,
} from "@skiff/api";
import type { ServerParts } from "./api-server-options.ts";
import { RequestQuery } from "./request-query.ts";
import { scaleHandler } from "./subresources/scale.ts";
import { tableJson } from "./render/table.ts";
import { createPathHandlers } from "./surfaces/path-handlers.ts";
import { startTestApiServer, type TestApiServer } from "./testing.ts";
import { TEST_ADMIN } from "./testing/test-api-server.ts";

const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "nginx" }] } };
const oldDeployments: Resource<Deployment> = { ...deploymentKind, group: "extensions", version: "v1beta1" };
const oldDeployment = {
  apiVersion: "extensions/v1beta1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: { template },
} as KubeObject as Deployment;
const web = { namespace: "default", name: "web" };
const DEPLOYMENTS = "/apis/extensions/v1beta1/namespaces/default/deployments";
/** The parts that answer discovery and scaling. */
const compose = (): ServerParts => ({ paths: createPathHandlers({}), subresources: new Map([["scale", scaleHandler]]) });
const INGRESSES = "/apis/extensions/v1beta1/namespaces/default/ingresses";

let api: TestApiServer;
beforeEach(async () => void (api = await startTestApiServer({ removedVersions: true, compose })));
afterEach(() => api.stop());

function request(method: Method, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> {
  return api.server.transport(TEST_ADMIN, "test").request({ method, path, body, headers });
}

async function refusal(attempt: Promise<unknown>): Promise<Status | undefined> {
  return attempt.then(
    () => undefined,
    (error: { status?: Status }) => error.status,
  );
}

describe("a version that upstream has removed", () => {
  it("is the present one seen differently, and is stored as that", async () => {
    const created = await api.client().resource(oldDeployments).create(oldDeployment);
    expect(created).toMatchObject({
      apiVersion: "extensions/v1beta1",
      spec: {
        selector: { matchLabels: { app: "web" } },
        revisionHistoryLimit: 2_147_483_647,
        strategy: { rollingUpdate: { maxSurge: 1 } },
      },
    });
    const present = await api.client().resource(deploymentKind).get(web);
    expect(present).toMatchObject({ apiVersion: "apps/v1", metadata: { uid: created.metadata?.uid }, spec: created.spec });
    await api.client().resource(oldDeployments).delete(web);
    expect((await refusal(api.client().resource(deploymentKind).get(web)))?.code).toBe(404);
  });

  it("is watched in its own form", async () => {
    const seen: KubeObject[] = [];
    const handle = await api.server
      .transport(TEST_ADMIN)
      .watch({ method: "GET", path: INGRESSES, query: { watch: true } }, (events) => seen.push(...events.map(({ object }) => object)));
    const backend = { service: { name: "web", port: { name: "http" } } };
    await api
      .client()
      .resource(ingressKind)
      .create({ metadata: web, spec: { defaultBackend: backend } } as Ingress);
    await api.clock.advance("1s");
    handle.close();
    expect(seen).toMatchObject([{ apiVersion: "extensions/v1beta1", spec: { backend: { serviceName: "web", servicePort: "http" } } }]);
  });

  it("warns with every use", async () => {
    const { headers } = await request("GET", DEPLOYMENTS);
    expect(headers["warning"]).toBe(
      '299 - "extensions/v1beta1 Deployment is deprecated in v1.8+, unavailable in v1.16+; use apps/v1 Deployment"',
    );
  });

  it("takes every kind of patch", async () => {
    await api.client().resource(oldDeployments).create(oldDeployment);
    const patches = [
      [PATCH_TYPES.strategic, { spec: { template: { spec: { containers: [{ name: "web", image: "nginx:2" }] } } } }],
      [PATCH_TYPES.merge, { spec: { replicas: 3 } }],
      [PATCH_TYPES.json, [{ op: "add", path: "/spec/minReadySeconds", value: 7 }]],
      [PATCH_TYPES.apply, { apiVersion: "extensions/v1beta1", kind: "Deployment", metadata: web, spec: { paused: true } }],
    ] as const;
    for (const [type, body] of patches) {
      const query = type === PATCH_TYPES.apply ? { fieldManager: "me" } : {};
      await api.server
        .transport(TEST_ADMIN)
        .request({ method: "PATCH", path: `${DEPLOYMENTS}/web`, query, body, headers: { "content-type": type } });
    }
    const present = await api.client().resource(deploymentKind).get(web);
    expect(present.spec).toMatchObject({ replicas: 3, minReadySeconds: 7, paused: true });
    expect(present.spec?.template.spec?.containers).toMatchObject([{ name: "web", image: "nginx:2" }]);
    expect(present.metadata?.managedFields?.find(({ manager }) => manager === "me")).toMatchObject({
      operation: "Apply",
      apiVersion: "extensions/v1beta1",
      fieldsV1: { "f:spec": { "f:paused": {} } },
    });
  });

  it("may change a selector that later ones may not", async () => {
    await api.client().resource(oldDeployments).create(oldDeployment);
    const selector = { matchLabels: { app: "web", tier: "a" } };
    const changed = { spec: { selector, template: { metadata: { labels: selector.matchLabels } } } };
    const patch = (version: string): Promise<unknown> =>
      request("PATCH", `/apis/${version}/namespaces/default/deployments/web`, changed, { "content-type": PATCH_TYPES.merge });
    for (const version of ["apps/v1", "apps/v1beta2"]) {
      expect((await refusal(patch(version)))?.message, version).toContain("spec.selector: Invalid value");
    }
    await patch("extensions/v1beta1");
    expect((await api.client().resource(deploymentKind).get(web)).spec?.selector).toEqual(selector);
  });

  it("has messages with the fields that it knows", async () => {
    const ingress = {
      apiVersion: "extensions/v1beta1",
      kind: "Ingress",
      metadata: web,
      spec: { rules: [{ http: { paths: [{ path: "bad", backend: { serviceName: "Web", servicePort: 70_000 } }] } }] },
    };
    const status = await refusal(request("POST", INGRESSES, ingress));
    expect(status?.details?.causes?.map(({ field }) => field)).toEqual([
      "spec.rules[0].http.paths[0].path",
      "spec.rules[0].http.paths[0].backend.serviceName",
      "spec.rules[0].http.paths[0].backend.servicePort",
    ]);
  });

  it("has the table and the scale of its kind", async () => {
    await api.client().resource(oldDeployments).create(oldDeployment);
    const list = await api.server.handle({
      method: "GET",
      path: DEPLOYMENTS,
      query: RequestQuery.parse(""),
      headers: {},
      body: { type: "none" },
      internal: false,
    });
    assert(list.type === "list", "a list was asked for");
    const json = tableJson({ resource: list.resource, version: "v1", includeObject: "Object", nowMs: api.clock.now() }, list.items, {});
    const table = JSON.parse(json) as { columnDefinitions: { name: string }[]; rows: { object: KubeObject }[] };
    expect(table.columnDefinitions.map(({ name }) => name).slice(0, 3)).toEqual(["Name", "Ready", "Up-to-date"]);
    expect(table.rows.map(({ object }) => object.apiVersion)).toEqual(["extensions/v1beta1"]);
    const scale = { apiVersion: "autoscaling/v1", kind: "Scale", metadata: web, spec: { replicas: 4 } };
    await request("PUT", `${DEPLOYMENTS}/web/scale`, scale);
    expect((await api.client().resource(deploymentKind).get(web)).spec?.replicas).toBe(4);
  });
});

describe("discovery", () => {
  interface Group {
    name: string;
    versions: { version: string }[];
    preferredVersion: { version: string };
  }

  it("never prefers such a version, and shows it behind all others", async () => {
    const { groups } = (await request("GET", "/apis")).body as { groups: Group[] };
    expect(groups.at(-1)?.name).toBe("extensions");
    const apps = groups.find(({ name }) => name === "apps");
    expect(apps?.versions.map(({ version }) => version)).toEqual(["v1", "v1beta2", "v1beta1"]);
    expect(groups.filter(({ name }) => name !== "extensions").map(({ preferredVersion }) => preferredVersion.version)).not.toContain(
      "v1beta1",
    );
  });

  it("shows each object once in a category and under a short name", async () => {
    const { resources } = (await request("GET", "/apis/extensions/v1beta1")).body as {
      resources: { name: string; shortNames?: string[]; categories?: string[] }[];
    };
    expect(resources.map(({ name }) => name).filter((name) => !name.includes("/"))).toEqual([
      "daemonsets",
      "deployments",
      "ingresses",
      "networkpolicies",
      "replicasets",
    ]);
    expect(resources.flatMap(({ shortNames = [], categories = [] }) => [...shortNames, ...categories])).toEqual([]);
  });

  it("documents the old form", async () => {
    const spec = { properties: { backend: { description: expect.stringContaining("backend") as unknown } } };
    const document = async (path: string): Promise<unknown> => JSON.parse((await request("GET", path)).body as string);
    const v2 = (await document("/openapi/v2")) as { definitions: Record<string, unknown> };
    expect(v2.definitions["io.k8s.api.networking.v1beta1.IngressSpec"]).toMatchObject(spec);
    expect(v2.definitions["io.k8s.api.extensions.v1beta1.Ingress"]).toMatchObject({
      "x-kubernetes-group-version-kind": [{ group: "extensions", version: "v1beta1", kind: "Ingress" }],
    });
    const v3 = (await document("/openapi/v3/apis/extensions/v1beta1")) as { components: { schemas: Record<string, unknown> } };
    expect(v3.components.schemas["io.k8s.api.networking.v1beta1.IngressSpec"]).toMatchObject(spec);
    const { required } = v3.components.schemas["io.k8s.api.extensions.v1beta1.DeploymentSpec"] as { required: string[] };
    expect(required).toEqual(["template"]);
  });
});

it("without the option, nothing of it is there", async () => {
  const plain = await startTestApiServer({ compose });
  try {
    const transport = plain.server.transport(TEST_ADMIN);
    expect((await refusal(transport.request({ method: "GET", path: DEPLOYMENTS })))?.code).toBe(404);
    const { body } = await transport.request({ method: "GET", path: "/apis" });
    expect(JSON.stringify(body)).not.toContain("extensions/v1beta1");
    const index = await transport.request({ method: "GET", path: "/openapi/v3" });
    expect(JSON.stringify(index.body)).not.toContain("extensions/v1beta1");
  } finally {
    await plain.stop();
  }
});
