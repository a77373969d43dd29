import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  builtInSchemas,
  configMapKind,
  defineKind,
  deploymentKind,
  eventKind,
  leaseKind,
  podKind,
  roleKind,
  type Deployment,
  type KubeObject,
  type Pod,
  type Status,
} from "@skiff/api";
import { startTestApiServer, type TestApiServer } from "./testing.ts";
import { refusal } from "./testing/refusal.ts";

interface Boat extends KubeObject {
  spec?: { length?: number; crew?: string[] };
  status?: { afloat?: boolean };
}

const boatKind = defineKind<Boat>({
  group: "harbour.test",
  version: "v1",
  kind: "Boat",
  plural: "boats",
  singular: "boat",
  namespaced: true,
  schema: "test.harbour.v1.Boat",
  statusSubresource: true,
  generation: true,
  fieldSelectors: { "spec.length": (boat) => String(boat.spec?.length ?? "") },
  applyDefaults: (boat) => void ((boat.spec ??= {}).length ??= 7),
  validate: (boat) =>
    (boat.spec?.length ?? 0) > 100 ? [{ type: "FieldValueInvalid", field: "spec.length", message: "Invalid value: too long" }] : [],
});

function schemasWithBoats(): ReturnType<typeof builtInSchemas> {
  const schemas = builtInSchemas();
  schemas.add(boatKind.schema, {
    type: "object",
    properties: new Map([
      ["apiVersion", { type: "string" }],
      ["kind", { type: "string" }],
      ["metadata", { ref: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" }],
      [
        "spec",
        {
          type: "object",
          properties: new Map([
            ["length", { type: "integer" }],
            ["crew", { type: "array", items: { type: "string" } }],
          ]),
        },
      ],
      ["status", { type: "object", properties: new Map([["afloat", { type: "boolean" }]]) }],
    ]),
  });
  return schemas;
}

let api: TestApiServer;
beforeEach(async () => {
  api = await startTestApiServer({ kinds: [boatKind], schemas: schemasWithBoats() });
});
afterEach(() => api.stop());

const ref = (name: string): { namespace: string; name: string } => ({ namespace: "default", name });
const pod = (name: string): Pod => ({
  metadata: { name, namespace: "default" },
  spec: { containers: [{ name: "main", image: "nginx:1" }] },
});
const deployment = (name: string, replicas: number): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace: "default" },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image: "nginx:1" }] } },
  },
});

describe("a kind that nobody has seen before", () => {
  it("is created, read, watched, patched and deleted with no other edit", async () => {
    const boats = api.client().resource(boatKind);
    const seen: string[] = [];
    await boats.watch(
      { namespace: "default" },
      (events) => void seen.push(...events.map(({ type, object }) => `${type} ${object.metadata?.name} ${object.spec?.length}`)),
    );
    const created = await boats.create({ metadata: { generateName: "dinghy-", namespace: "default" } });
    const name = created.metadata?.name ?? "";
    expect(name).toMatch(/^dinghy-[a-z0-9]{5}$/);
    expect(created).toMatchObject({ apiVersion: "harbour.test/v1", kind: "Boat", spec: { length: 7 }, metadata: { generation: 1 } });
    expect(Object.isFrozen(created.metadata)).toBe(true);
    expect(await boats.get(ref(name))).toBe(created);

    const afloat = await boats.patch(ref(name), { status: { afloat: true }, spec: { length: 50 } }, { subresource: "status" });
    expect(afloat).toMatchObject({ spec: { length: 7 }, status: { afloat: true }, metadata: { generation: 1 } });
    const longer = await boats.patch(ref(name), [{ op: "replace", path: "/spec/length", value: 12 }], { type: "json" });
    expect(longer).toMatchObject({ spec: { length: 12 }, status: { afloat: true }, metadata: { generation: 2 } });
    expect((await boats.list({ fieldSelector: "spec.length=12" })).items).toEqual([longer]);
    expect(await refusal(boats.patch(ref(name), { spec: { length: 101 } }))).toMatchObject({ reason: "Invalid", code: 422 });
    const answer = await boats.delete(ref(name));
    expect(answer).toMatchObject({
      kind: "Status",
      status: "Success",
      details: { name, group: "harbour.test", kind: "boats", uid: created.metadata?.uid },
    });
    expect((await refusal(boats.get(ref(name)))).message).toBe(`boats.harbour.test "${name}" not found`);
    await api.clock.settle();
    expect(seen).toEqual([`ADDED ${name} 7`, `MODIFIED ${name} 7`, `MODIFIED ${name} 12`, `DELETED ${name} 12`]);
  });

  it("comes and goes while the server runs", async () => {
    const lateKind = { ...boatKind, plural: "ships", kind: "Ship", singular: "ship" };
    const ships = api.client().resource(lateKind);
    expect(await refusal(ships.list())).toMatchObject({ code: 404, message: "the server could not find the requested resource" });
    await api.server.addKind(lateKind);
    await ships.create({ metadata: { name: "a", namespace: "default" } });
    const watch = await ships.watch({}, () => {});
    api.server.removeKind(lateKind);
    await watch.ended;
    expect((await refusal(ships.list())).code).toBe(404);
  });
});

describe("writes that assume a state", () => {
  it("refuses an update from an old state and takes one from the present state", async () => {
    const maps = api.client().resource(configMapKind);
    const first = await maps.create({ metadata: { name: "m", namespace: "default" }, data: { a: "1" } });
    const second = await maps.update({ ...first, data: { a: "2" } });
    expect(await refusal(maps.update({ ...first, data: { a: "3" } }))).toMatchObject({
      reason: "Conflict",
      message:
        'Operation cannot be fulfilled on configmaps "m": the object has been modified; please apply your changes to the latest version and try again',
    });
    expect((await maps.update({ metadata: { name: "m", namespace: "default" }, data: { a: "4" } })).data).toEqual({ a: "4" });
    expect(
      await refusal(maps.patch(ref("m"), { metadata: { resourceVersion: second.metadata?.resourceVersion }, data: { a: "5" } })),
    ).toMatchObject({ reason: "Conflict" });
    expect(await refusal(maps.update({ metadata: { name: "m", namespace: "default", uid: "other" } }))).toMatchObject({
      reason: "Conflict",
    });
  });

  it("does not write what changes nothing", async () => {
    const maps = api.client().resource(configMapKind);
    const first = await maps.create({ metadata: { name: "m", namespace: "default" }, data: { a: "1" } });
    expect(await maps.update({ ...first })).toBe(first);
    expect(await maps.patch(ref("m"), { data: { a: "1" } })).toBe(first);
  });

  it("gives each of many concurrent patches its effect", async () => {
    const maps = api.client().resource(configMapKind);
    await maps.create({ metadata: { name: "m", namespace: "default" } });
    await Promise.all(Array.from({ length: 10 }, (_, index) => maps.patch(ref("m"), { data: { [`k${index}`]: "v" } })));
    expect(Object.keys((await maps.get(ref("m"))).data ?? {})).toHaveLength(10);
  });

  it("wants a revision where the kind does, and creates on update where the kind allows it", async () => {
    const leases = api.client().resource(leaseKind);
    const lease = { metadata: { name: "l", namespace: "default" }, spec: {} };
    const created = await leases.update(lease);
    expect(created.metadata?.uid).toBeDefined();
    expect((await refusal(leases.update({ ...lease, spec: { holderIdentity: "x" } }))).message).toBe(
      'leases.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
    );
    expect((await refusal(api.client().resource(podKind).update(pod("nobody")))).code).toBe(404);
    expect(
      await api
        .client()
        .resource(roleKind)
        .update({ metadata: { name: "r", namespace: "default" }, rules: [] }),
    ).toMatchObject({ metadata: { name: "r" } });
  });

  it("refuses an object with a resourceVersion to be created, unless it is a dry run or wrong otherwise", async () => {
    const pods = api.client().resource(podKind);
    const copied = { ...pod("copied"), metadata: { name: "copied", namespace: "default", resourceVersion: "1" } };
    const refused = await refusal(pods.create(copied));
    expect(refused).toMatchObject({ reason: "BadRequest", message: "resourceVersion should not be set on objects to be created" });
    expect((await refusal(pods.create({ ...copied, spec: { containers: [] } }))).reason).toBe("Invalid");
    expect((await pods.create(copied, { dryRun: true })).metadata?.name).toBe("copied");
  });

  it("stores nothing in a dry run", async () => {
    const pods = api.client().resource(podKind);
    const dry = await pods.create(pod("dry"), { dryRun: true });
    expect(dry.metadata?.uid).toBeDefined();
    expect((await refusal(pods.get(ref("dry")))).code).toBe(404);
    const real = await pods.create(pod("dry"));
    expect((await refusal(pods.create(pod("dry"), { dryRun: true }))).reason).toBe("AlreadyExists");
    expect((await pods.patch(ref("dry"), { metadata: { labels: { a: "b" } } }, { dryRun: true })).metadata?.labels).toEqual({ a: "b" });
    await pods.delete(ref("dry"), { dryRun: true });
    expect(await pods.get(ref("dry"))).toBe(real);
  });
});

describe("bodies that are not right", () => {
  const body = (object: unknown, path = "/api/v1/namespaces/default/pods", query = {}): Promise<unknown> =>
    api.client().raw({ method: "POST", path, query, body: object });

  it.each([
    ["another kind", { apiVersion: "v1", kind: "Service", metadata: { name: "x" } }, 400],
    ["another namespace", { metadata: { name: "x", namespace: "other" }, spec: { containers: [] } }, 400],
    ["no name", { metadata: {}, spec: { containers: [{ name: "a", image: "b" }] } }, 422],
    ["a bad name", { metadata: { name: "A_B" }, spec: { containers: [{ name: "a", image: "b" }] } }, 422],
    ["a wrong type", { metadata: { name: "x" }, spec: { containers: "many" } }, 400],
  ])("refuses %s", async (_what, object, code) => {
    expect((await refusal(body(object))).code).toBe(code);
  });

  it("refuses unknown fields when asked to be strict, and warns otherwise", async () => {
    const object = { metadata: { name: "m" }, data: {}, colour: "blue" };
    const path = "/api/v1/namespaces/default/configmaps";
    expect((await refusal(body(object, path, { fieldValidation: "Strict" }))).message).toContain(
      'strict decoding error: unknown field "colour"',
    );
    const { headers } = await api.client().transport.request({ method: "POST", path, body: object });
    expect(headers["warning"]).toBe('299 - "unknown field \\"colour\\""');
    const patch = {
      method: "PATCH" as const,
      path: `${path}/m`,
      query: { fieldValidation: "Strict" },
      headers: { "content-type": "application/merge-patch+json" },
    };
    expect(await refusal(api.client().raw({ ...patch, body: { colour: "red" } }))).toMatchObject({ code: 422, reason: "Invalid" });
  });

  it("refuses patch types that do not exist, and strategic ones for kinds without merge keys", async () => {
    const request = { method: "PATCH" as const, path: "/api/v1/namespaces/default/pods/x", body: {} };
    expect((await refusal(api.client().raw({ ...request, headers: { "content-type": "text/plain" } }))).code).toBe(415);
  });

  it("answers what is not served with 404 and what is not allowed with 405", async () => {
    const at = (method: "GET" | "POST", path: string): Promise<Status> => refusal(api.client().raw({ method, path, body: {} }));
    expect((await at("GET", "/apis/nope/v1/things")).code).toBe(404);
    expect((await at("GET", "/api/v1/namespaces/default/nodes")).code).toBe(404);
    expect((await at("GET", "/api/v1/namespaces/default/pods/x/nope")).code).toBe(404);
    expect((await at("POST", "/api/v1/pods")).code).toBe(405);
    expect((await at("GET", "/api/v1/namespaces/default/pods/%2e%2e")).code).toBe(400);
  });
});

describe("server-side apply", () => {
  const apply = (manager: string, object: KubeObject, force?: boolean): Promise<Deployment> =>
    api
      .client()
      .resource(deploymentKind)
      .patch(ref("web"), object, { type: "apply", fieldManager: manager, ...(force ? { force } : {}) });

  it("creates, conflicts, takes over, and takes away what is no longer applied", async () => {
    const created = await apply("alice", { ...deployment("web", 2), metadata: { name: "web", labels: { a: "1", b: "2" } } });
    expect(created.metadata?.managedFields).toEqual([expect.objectContaining({ manager: "alice", operation: "Apply" })]);
    expect(created.metadata?.namespace).toBe("default");
    const scaled = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { replicas: 5 } };
    const conflict = await refusal(apply("bob", scaled));
    expect(conflict).toMatchObject({
      code: 409,
      reason: "Conflict",
      details: { causes: [{ reason: "FieldManagerConflict", field: ".spec.replicas" }] },
    });
    expect(await apply("bob", scaled, true)).toMatchObject({ spec: { replicas: 5 }, metadata: { generation: 2 } });
    const { spec, ...rest } = deployment("web", 2);
    const { replicas: _replicas, ...template } = spec ?? {};
    const fewer = await apply("alice", { ...rest, metadata: { name: "web", labels: { a: "1" } }, spec: template } as KubeObject);
    expect(fewer.metadata?.labels).toEqual({ a: "1" });
    expect(fewer.spec?.replicas).toBe(5);
    expect(await apply("bob", scaled)).toBe(fewer);
  });

  it.each([
    ["Strict", "unknown: 1\n", 500, ".unknown: field not declared in schema", undefined],
    ["Warn", "unknown: 1\n", 500, ".unknown: field not declared in schema", undefined],
    [
      "Strict",
      "data: {b: x}\n",
      400,
      'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 6: key "data" already set in map',
      undefined,
    ],
    ["Warn", "data: {b: x}\n", 201, undefined, 'line 6: key \\"data\\" already set in map'],
    ["Ignore", "data: {b: x}\n", 201, undefined, undefined],
  ])("with field validation %s says of the document with %j what upstream says", async (fieldValidation, rest, code, message, warning) => {
    const answered = api.client().transport.request({
      method: "PATCH",
      path: "/api/v1/namespaces/default/configmaps/m",
      query: { fieldManager: "me", fieldValidation },
      headers: { "content-type": "application/apply-patch+yaml" },
      body: new TextEncoder().encode(`apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata: {a: x}\n${rest}`),
    });
    if (message !== undefined) {
      expect(await refusal(answered)).toMatchObject({ code, message: expect.stringContaining(message) });
      return;
    }
    const { status, headers } = await answered;
    expect(status).toBe(code);
    if (warning === undefined) expect(headers["warning"]).toBeUndefined();
    else expect(headers["warning"]).toContain(warning);
  });

  it("wants a manager", async () => {
    expect((await refusal(api.client().resource(deploymentKind).patch(ref("web"), deployment("web", 1), { type: "apply" }))).code).toBe(
      422,
    );
  });
});

it("shows a kind that has two forms in each of them", async () => {
  await api.client().raw({
    method: "POST",
    path: "/apis/events.k8s.io/v1/namespaces/default/events",
    body: {
      metadata: { name: "e" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "c",
      reportingInstance: "i",
      action: "a",
      reason: "R",
      type: "Normal",
      note: "hello",
      regarding: { kind: "Pod", namespace: "default", name: "p" },
    },
  });
  const core = await api.client().resource(eventKind).get(ref("e"));
  expect(core).toMatchObject({ apiVersion: "v1", message: "hello", involvedObject: { name: "p" } });
  expect(await api.client().raw({ method: "GET", path: "/apis/events.k8s.io/v1/namespaces/default/events/e" })).toMatchObject({
    apiVersion: "events.k8s.io/v1",
    note: "hello",
  });
});
