import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  customResourceDefinitionKind,
  type CustomResourceDefinition,
  type JSONSchemaProps,
  type KubeObject,
  type Resource,
} from "@skiff/api";
import { MemoryStore } from "@skiff/store";
import type { AdmissionPlugin } from "../admission.ts";
import { reinvocationOf } from "../admission/reinvocation.ts";
import { createPathHandlers } from "../surfaces/path-handlers.ts";
import { startTestApiServer, type TestApiServer } from "../testing.ts";
import { compileJsonPath } from "./json-path.ts";
import { refusal } from "../testing/refusal.ts";

interface CronTab extends KubeObject {
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

const cronTabs: Resource<CronTab> = { group: "stable.example.com", version: "v1", kind: "CronTab", plural: "crontabs", namespaced: true };

const schema: JSONSchemaProps = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["cronSpec"],
      properties: {
        cronSpec: { type: "string", pattern: "^(\\d+|\\*)(\\s+(\\d+|\\*)){4}$" },
        image: { type: "string", default: "busybox" },
        replicas: { type: "integer", minimum: 1, maximum: 10, default: 1 },
        mode: { type: "string", enum: ["on", "off"] },
        port: { "x-kubernetes-int-or-string": true },
        fixed: { type: "string" },
      },
      "x-kubernetes-validations": [
        { rule: "!has(self.fixed) || !has(oldSelf.fixed) || self.fixed == oldSelf.fixed", message: "fixed cannot be changed" },
        { rule: "self.replicas <= 5 || self.image != 'busybox'", messageExpression: "'too many: ' + string(self.replicas)" },
      ],
    },
    status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
} as JSONSchemaProps;

const definition = (): CustomResourceDefinition => ({
  metadata: { name: "crontabs.stable.example.com" },
  spec: {
    group: "stable.example.com",
    scope: "Namespaced",
    names: { plural: "crontabs", singular: "crontab", kind: "CronTab", shortNames: ["ct"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: { status: {}, scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" } },
        additionalPrinterColumns: [{ name: "Spec", type: "string", jsonPath: ".spec.cronSpec" }],
        selectableFields: [{ jsonPath: ".spec.image" }],
      },
      { name: "v1beta1", served: true, storage: false, deprecated: true, schema: { openAPIV3Schema: schema } },
    ],
  },
});

let api: TestApiServer;
beforeEach(async () => {
  api = await startTestApiServer({ compose: () => ({ paths: createPathHandlers() }) });
});
afterEach(() => api.stop());

const ref = { namespace: "default", name: "x" };
const cronTab = (spec: Record<string, unknown> = { cronSpec: "* * * * 5" }): CronTab => ({ metadata: { ...ref }, spec });
const define = async (wanted = definition()): Promise<CustomResourceDefinition> => {
  const definitions = api.client().resource(customResourceDefinitionKind);
  await definitions.create(wanted);
  await api.clock.settle();
  return definitions.get({ name: wanted.metadata?.name ?? "" });
};

describe("definitions", () => {
  it("are accepted and established, and then served", async () => {
    const { status } = await define();
    expect(status?.conditions?.map(({ type, status: state, reason }) => `${type}=${state} ${reason}`)).toEqual([
      "NamesAccepted=True NoConflicts",
      "Established=True InitialNamesAccepted",
    ]);
    expect(status).toMatchObject({ acceptedNames: { kind: "CronTab", listKind: "CronTabList" }, storedVersions: ["v1"] });
    expect((await api.client().resource(cronTabs).list()).items).toEqual([]);
  });

  it("whose names are taken are not served", async () => {
    await define();
    const other = definition();
    const second = await define({
      ...other,
      metadata: { name: "cronjobs.stable.example.com" },
      spec: { ...other.spec, names: { plural: "cronjobs", kind: "CronTab" } },
    });
    expect(second.status?.conditions).toMatchObject([
      { type: "NamesAccepted", status: "False", reason: "ListKindConflict" },
      { type: "Established", status: "False", reason: "NotAccepted" },
    ]);
  });

  it("take their objects with them", async () => {
    await define();
    await api
      .client()
      .resource(cronTabs)
      .create({ ...cronTab(), metadata: { ...ref, finalizers: ["test.io/hold"] } });
    const definitions = api.client().resource(customResourceDefinitionKind);
    expect(await definitions.delete({ name: "crontabs.stable.example.com" })).toMatchObject({
      metadata: { finalizers: ["customresourcecleanup.apiextensions.k8s.io"] },
    });
    await api.clock.settle();
    expect((await api.client().resource(cronTabs).get(ref)).metadata?.deletionTimestamp).toBeDefined();
    await api
      .client()
      .resource(cronTabs)
      .patch(ref, { metadata: { finalizers: null } });
    await api.clock.advance("2s");
    expect((await refusal(definitions.get({ name: "crontabs.stable.example.com" }))).code).toBe(404);
    expect((await refusal(api.client().resource(cronTabs).list())).code).toBe(404);
  });

  it("are served again after a restart", async () => {
    await define();
    const made = await api.client().resource(cronTabs).create(cronTab());
    api.server.stop();
    const again = await startTestApiServer({ store: api.store as MemoryStore, namespaces: [] });
    expect(await again.client().resource(cronTabs).get(ref)).toEqual(made);
    again.server.stop();
  });

  it("publish the schemas and paths of the versions that are served, and no others", async () => {
    const published = async (): Promise<string[]> => {
      const text = (await api.client().raw({ method: "GET", path: "/openapi/v2" })) as string;
      const document = JSON.parse(text) as Record<"definitions" | "paths", object>;
      return [...Object.keys(document.definitions), ...Object.keys(document.paths)].filter((name) => /crontab/i.test(name));
    };
    const live = await define();
    const all = await published();
    expect(all).toContain("com.example.stable.v1beta1.CronTab");
    expect(all).toContain("/apis/stable.example.com/v1beta1/crontabs");
    const versions = live.spec.versions.map((version) => ({ ...version, served: version.name === "v1" }));
    await api
      .client()
      .resource(customResourceDefinitionKind)
      .update({ ...live, spec: { ...live.spec, versions } });
    await api.clock.settle();
    expect(await published()).toEqual(all.filter((name) => !name.includes("v1beta1")));
  });

  it("may hold whole numbers of 64 bits in their objects, exact whichever way these go", async () => {
    const wanted = definition();
    const { versions } = wanted.spec;
    const numbers: JSONSchemaProps = {
      type: "object",
      properties: {
        spec: {
          type: "object",
          properties: {
            max: { type: "integer", format: "int64", maximum: 2 ** 63 },
            free: { "x-kubernetes-preserve-unknown-fields": true },
            ids: { type: "array", items: { type: "integer" }, "x-kubernetes-list-type": "set" },
          },
          "x-kubernetes-validations": [{ rule: "!has(self.max) || self.max != 9223372036854775806" }],
        },
      },
    } as JSONSchemaProps;
    const additionalPrinterColumns = [{ name: "Max", type: "integer", jsonPath: ".spec.max" }];
    await define({
      ...wanted,
      spec: {
        ...wanted.spec,
        versions: versions.map((version) => ({
          ...version,
          schema: { openAPIV3Schema: numbers },
          subresources: {},
          additionalPrinterColumns,
        })),
      },
    });
    const path = "/apis/stable.example.com/v1/namespaces/default/crontabs";
    const send = async (method: "POST" | "PATCH" | "GET", name: string, type: string, text?: string, accept = "application/json") => {
      const headers = { ...(text === undefined ? {} : { "content-type": type }), accept };
      const query = type.includes("apply") ? { fieldManager: "me" } : {};
      return api
        .client()
        .raw({ method, path: path + name, query, headers, ...(text === undefined ? {} : { body: new TextEncoder().encode(text) }) });
    };
    const [max, next] = ["9223372036854775807", "9007199254740993"];
    const body = `{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"x"},"spec":{"max":${max},"free":{"n":[-${max}]},"ids":[${next}]}}`;
    expect(await send("POST", "", "application/json", body)).toMatchObject({ spec: { max: BigInt(max), free: { n: [-BigInt(max)] } } });
    const stored = (await api.store.range({ key: "/registry/stable.example.com/crontabs/default/x" })).kvs[0];
    expect(Buffer.from(stored?.value ?? []).toString()).toContain(`"spec":{"max":${max},"free":{"n":[-${max}]},"ids":[${next}]}`);
    await send("PATCH", "/x", "application/merge-patch+json", `{"spec":{"free":${next}}}`);
    await send("PATCH", "/x", "application/json-patch+json", `[{"op":"test","path":"/spec/free","value":${next}}]`);
    await send("PATCH", "/x", "application/apply-patch+yaml", `apiVersion: stable.example.com/v1\nkind: CronTab\nspec: {ids: [${max}]}\n`);
    const spec = { max: BigInt(max), free: BigInt(next), ids: [BigInt(next), BigInt(max)] };
    // Another server reads what this one has stored.
    api.server.stop();
    api = await startTestApiServer({ store: api.store as MemoryStore, namespaces: [] });
    await api.clock.settle();
    expect(await send("GET", "/x", "")).toMatchObject({ spec });
    await expect(send("PATCH", "/x", "application/merge-patch+json", '{"spec":{"max":9223372036854775806}}')).rejects.toMatchObject({
      code: 422,
    });
    await expect(send("PATCH", "/x", "application/merge-patch+json", '{"spec":{"max":9223372036854775808}}')).rejects.toMatchObject({
      code: 400,
    });
    await expect(send("PATCH", "/x", "application/merge-patch+json", `{"spec":{"ids":[${max},${max}]}}`)).rejects.toMatchObject({
      code: 422,
    });
  });

  it("with rules or paths that make no sense are refused", async () => {
    const wrong = definition();
    const [version] = wrong.spec.versions;
    if (version !== undefined) version.additionalPrinterColumns = [{ name: "A", type: "string", jsonPath: ".spec[" }];
    expect(await refusal(define(wrong))).toMatchObject({
      reason: "Invalid",
      details: { causes: [{ field: "spec.versions[0].additionalPrinterColumns[0].jsonPath" }] },
    });
  });
});

describe("custom objects", () => {
  beforeEach(() => define());

  it("are defaulted and pruned, and have a generation and a status of their own", async () => {
    const resource = api.client().resource(cronTabs);
    const { body, headers } = await api.client().transport.request({
      method: "POST",
      path: "/apis/stable.example.com/v1/namespaces/default/crontabs",
      body: {
        ...cronTab({ cronSpec: "* * * * 5", colour: "blue" }),
        apiVersion: "stable.example.com/v1",
        kind: "CronTab",
        status: { replicas: 9 },
      },
    });
    expect(headers["warning"]).toContain('unknown field \\"spec.colour\\"');
    expect(body).toMatchObject({ spec: { cronSpec: "* * * * 5", image: "busybox", replicas: 1 }, metadata: { generation: 1 } });
    expect(body).not.toHaveProperty("spec.colour");
    expect(body).not.toHaveProperty("status");
    const running = await resource.patch(ref, { status: { anything: true }, metadata: { labels: { a: "b" } } }, { subresource: "status" });
    expect(running).toMatchObject({ status: { anything: true }, metadata: { generation: 1 } });
    expect(running.metadata?.labels).toBeUndefined();
    expect(await resource.patch(ref, { spec: { replicas: 2 } })).toMatchObject({ metadata: { generation: 2 }, status: { anything: true } });
    expect((await resource.list({ fieldSelector: "spec.image=busybox" })).items).toHaveLength(1);
    expect((await resource.list({ fieldSelector: "spec.image=other" })).items).toHaveLength(0);
  });

  it.each([
    ["a missing field", {}, "spec.cronSpec: Required value"],
    ["a wrong type", { cronSpec: 5 }, 'spec.cronSpec: Invalid value: "integer": spec.cronSpec in body must be of type string: "integer"'],
    ["a pattern", { cronSpec: "never" }, "spec.cronSpec in body should match '^(\\d+|\\*)(\\s+(\\d+|\\*)){4}$'"],
    ["a range", { cronSpec: "* * * * *", replicas: 11 }, "spec.replicas in body should be less than or equal to 10"],
    ["an enumeration", { cronSpec: "* * * * *", mode: "maybe" }, 'spec.mode: Unsupported value: "maybe": supported values: "off", "on"'],
    ["int-or-string", { cronSpec: "* * * * *", port: true }, "spec.port in body must be of type integer,string"],
    ["a rule", { cronSpec: "* * * * *", replicas: 6 }, 'spec: Invalid value: "object": too many: 6'],
  ])("are checked: %s", async (_what, spec, message) => {
    const status = await refusal(api.client().resource(cronTabs).create(cronTab(spec)));
    expect(status).toMatchObject({ reason: "Invalid", code: 422 });
    expect(status.message).toContain(message);
  });

  it("are checked against their state before", async () => {
    const resource = api.client().resource(cronTabs);
    await resource.create(cronTab({ cronSpec: "* * * * *", fixed: "a" }));
    expect((await refusal(resource.patch(ref, { spec: { fixed: "b" } }))).message).toContain("fixed cannot be changed");
  });

  it("are one object in all versions", async () => {
    await api.client().resource(cronTabs).create(cronTab());
    const old = await api
      .client()
      .transport.request({ method: "GET", path: "/apis/stable.example.com/v1beta1/namespaces/default/crontabs/x" });
    expect(old.body).toMatchObject({ apiVersion: "stable.example.com/v1beta1", spec: { cronSpec: "* * * * 5" } });
    expect(old.headers["warning"]).toContain("stable.example.com/v1beta1 CronTab is deprecated");
  });

  it("are applied by the server, but not patched strategically", async () => {
    const resource = api.client().resource(cronTabs);
    const config = { apiVersion: "stable.example.com/v1", kind: "CronTab", metadata: { name: "x" }, spec: { cronSpec: "* * * * *" } };
    await resource.patch(ref, config, { type: "apply", fieldManager: "me" });
    const taken = resource.patch(ref, { ...config, spec: { cronSpec: "0 0 0 0 0" } }, { type: "apply", fieldManager: "you" });
    expect((await refusal(taken)).reason).toBe("Conflict");
    expect((await refusal(resource.patch(ref, {}, { type: "strategic" }))).code).toBe(415);
  });
});

it("drops what a webhook adds beyond the schema", async () => {
  const plugin: AdmissionPlugin = {
    name: "test",
    mutate(request) {
      if (request.kind.kind !== "CronTab" || request.object === undefined) return;
      const { spec } = request.object as CronTab;
      Object.assign(spec ?? {}, { image: "added", unknown: "added" });
      reinvocationOf(request).called("hook", request.object, true);
    },
  };
  const hooked = await startTestApiServer({ compose: () => ({ admission: [plugin] }) });
  await hooked.client().resource(customResourceDefinitionKind).create(definition());
  const made = await hooked
    .client()
    .resource(cronTabs)
    .create({ metadata: { name: "a", namespace: "default" }, spec: { cronSpec: "* * * * *" } });
  expect(made.spec).toEqual({ cronSpec: "* * * * *", image: "added", replicas: 1 });
  await hooked.stop();
});

it.each([
  [".spec.replicas", [3]],
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  [".spec.ports[1].port", [2]],
  [".spec.ports[*].port", [1, 2]],
  [String.raw`.metadata.annotations.a\.b/c`, ["v"]],
  [".metadata.annotations['a.b/c']", ["v"]],
  [".spec.nothing.here", []],
  [".spec.constructor", []],
])("finds %s", (path, found) => {
  const object = {
    metadata: { annotations: { "a.b/c": "v" } },
    spec: { replicas: 3, ports: [{ port: 1 }, { port: 2 }] },
    status: {
      conditions: [
        { type: "Other", status: "False" },
        { type: "Ready", status: "True" },
      ],
    },
  };
  expect(compileJsonPath(path)(object)).toEqual(found);
});
