import { afterEach, describe, expect, it } from "vitest";
import {
  configMapKind,
  forbidden,
  nodeKind,
  persistentVolumeClaimKind,
  podKind,
  selfSubjectReviewKind,
  serviceKind,
  type ConfigMap,
  type KindDefinition,
  type KubeObject,
} from "@skiff/api";
import { testHost } from "@skiff/base/testing";
import { CorruptRecordError, MemoryStore, StoreUnavailableError, type TxnRequest, type TxnResponse } from "@skiff/store";
import type { AdmissionPlugin } from "./admission.ts";
import { reinvocationOf } from "./admission/reinvocation.ts";
import type { ServerParts } from "./api-server-options.ts";
import { RequestQuery } from "./request-query.ts";
import type { ServerRequest } from "./server-request.ts";
import { startTestApiServer, type TestApiServer } from "./testing.ts";
import { refusal } from "./testing/refusal.ts";

let api: TestApiServer | undefined;
afterEach(() => api?.stop());

const start = async (parts: ServerParts): Promise<TestApiServer> => (api = await startTestApiServer({ compose: () => parts }));
const get = (path: string, headers: Record<string, string> = {}): ServerRequest => ({
  method: "GET",
  path,
  query: RequestQuery.parse(""),
  headers,
  body: { type: "none" },
  internal: false,
});
const map = (name: string, data: Record<string, string> = {}): ConfigMap => ({ metadata: { name, namespace: "default" }, data });

describe("who may do what", () => {
  it("asks the authorizer about what the path says, and tells who may not", async () => {
    const server = await start({
      authorizer: { authorize: ({ user, verb }) => ({ decision: user.name === "test-admin" || verb === "get" ? "allow" : "noOpinion" }) },
    });
    const maps = server.client({ name: "eve", groups: [] }).resource(configMapKind);
    expect(await refusal(maps.list({ namespace: "default" }))).toMatchObject({
      code: 403,
      message: 'configmaps is forbidden: User "eve" cannot list resource "configmaps" in API group "" in the namespace "default"',
    });
    // What may be read is found not to be there only after that.
    expect((await refusal(maps.get({ namespace: "default", name: "x" }))).code).toBe(404);
    expect(await server.server.handle(get("/metrics/x"))).toMatchObject({ status: 404 });
  });

  it("lets only those impersonate who may", async () => {
    const seen: string[] = [];
    const server = await start({
      authenticators: [{ authenticate: async ({ headers }) => ({ user: { name: headers["authorization"] ?? "", groups: [] } }) }],
      authorizer: {
        authorize({ user, verb }) {
          seen.push(`${user.name} ${verb}`);
          return { decision: user.name === "eve" && verb === "impersonate" ? "deny" : "allow" };
        },
      },
    });
    seen.length = 0;
    expect(await server.server.handle(get("/api/v1/pods", { authorization: "boss", "impersonate-user": "bob" }))).toMatchObject({
      type: "list",
    });
    expect(await server.server.handle(get("/api/v1/pods", { authorization: "eve", "impersonate-user": "bob" }))).toMatchObject({
      status: 403,
    });
    expect(seen).toEqual(["boss impersonate", "bob list", "eve impersonate"]);
  });
});

it("sheds load instead of queueing it", async () => {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  api = await startTestApiServer({
    inFlightLimits: { readOnly: 1 },
    compose: () => ({
      paths: new Map([["slow", () => held.then(() => ({ type: "text", status: 200, contentType: "text/plain", text: "ok" }) as const)]]),
    }),
  });
  const first = api.server.handle(get("/slow"));
  expect(await api.server.handle(get("/slow"))).toMatchObject({
    status: 429,
    value: { reason: "TooManyRequests", details: { retryAfterSeconds: 1 } },
  });
  release();
  expect(await first).toMatchObject({ status: 200 });
  expect(await api.server.handle(get("/slow"))).toMatchObject({ status: 200 });
});

it("answers a mistake of its own with 500, and lives on", async () => {
  const errors: unknown[] = [];
  const host = testHost();
  const log = { ...host.log, error: (message: string) => void errors.push(message) };
  const broken = (): never => {
    throw new TypeError("x is not a function");
  };
  api = await startTestApiServer({ host: { ...host, log }, compose: () => ({ paths: new Map([["broken", broken]]) }) });
  expect(await api.server.handle(get("/broken"))).toMatchObject({ status: 500, value: { reason: "InternalError" } });
  expect(errors).toEqual(["a request failed"]);
  expect(await api.server.handle(get("/api/v1/pods"))).toMatchObject({ type: "list" });
});

describe("admission", () => {
  it("changes the object before it is validated, and is asked about what is stored", async () => {
    const seen: KubeObject[] = [];
    const plugin: AdmissionPlugin = {
      name: "test",
      mutate({ object, kind, operation }) {
        if (kind.kind === "ConfigMap" && operation !== "DELETE")
          Object.assign(object ?? {}, { data: { ...(object as ConfigMap).data, added: "yes" } });
      },
      validate({ object, oldObject, kind, operation, name }) {
        if (kind.kind !== "ConfigMap") return;
        if (operation === "DELETE") throw forbidden({ kind: "configmaps", name }, "it is precious");
        seen.push(structuredClone(object ?? {}));
        expect(oldObject === undefined).toBe(operation === "CREATE");
      },
    };
    const maps = (await start({ admission: [plugin] })).client().resource(configMapKind);
    expect(await maps.create(map("a"))).toMatchObject({ data: { added: "yes" } });
    expect(await maps.patch({ namespace: "default", name: "a" }, { data: { added: null, more: "x" } })).toMatchObject({
      data: { added: "yes", more: "x" },
    });
    expect(seen).toMatchObject([{ metadata: { name: "a", namespace: "default" } }, { data: { added: "yes", more: "x" } }]);
    expect((await refusal(maps.delete({ namespace: "default", name: "a" }))).message).toBe('configmaps "a" is forbidden: it is precious');
    expect(await maps.get({ namespace: "default", name: "a" })).toBeDefined();
  });

  it.each([
    [podKind as KindDefinition, { spec: { containers: [{ name: "main", image: "nginx", resources: { requests: { cpu: "0.5" } } }] } }],
    [nodeKind as KindDefinition, { status: { capacity: { cpu: "1000m" }, allocatable: { cpu: "0.5" } } }],
    [serviceKind as KindDefinition, { spec: { clusterIP: "None", ports: [{ port: 80 }] } }],
    [
      persistentVolumeClaimKind as KindDefinition,
      { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1024Mi" } } } },
    ],
  ])("leaves the parts that a write keeps changeable: $0.kind", async (kind, fields) => {
    // What admission adds is defaulted again, so the defaults run over the parts that are kept as well.
    const plugin: AdmissionPlugin = { name: "test" };
    const objects = (await start({ admission: [plugin] })).client().resource(kind);
    const namespace = kind.namespaced ? { namespace: "default" } : {};
    await objects.create({ metadata: { name: "x", ...namespace }, ...fields });
    const labelled = await objects.patch({ name: "x", ...namespace }, { metadata: { labels: { a: "b" } } });
    expect(labelled.metadata?.labels).toEqual({ a: "b" });
    const bare = await objects.patch(
      { name: "x", ...namespace },
      { metadata: { labels: { a: null }, finalizers: [], ownerReferences: [] } },
    );
    expect(Object.keys(bare.metadata ?? {})).toEqual(expect.not.arrayContaining(["labels", "finalizers", "ownerReferences"]));
    expect(await objects.patch({ name: "x", ...namespace }, { status: { conditions: [] } }, { subresource: "status" })).toBeDefined();
  });

  it("keeps to the fields of the kind when webhooks change the object", async () => {
    const plugin: AdmissionPlugin = {
      name: "test",
      mutate(request) {
        if (request.kind.kind !== "ConfigMap" || request.object === undefined) return;
        Object.assign(request.object, { data: { added: "yes" }, unknown: "added" });
        reinvocationOf(request).called("hook", request.object, true);
      },
    };
    const maps = (await start({ admission: [plugin] })).client().resource(configMapKind);
    const made = await maps.create({ metadata: { name: "a", namespace: "default" } });
    expect(made).toMatchObject({ metadata: { name: "a" }, data: { added: "yes" } });
    expect(made).not.toHaveProperty("unknown");
  });

  it("records what it adds to an applied object as an ordinary write", async () => {
    const plugin: AdmissionPlugin = {
      name: "test",
      mutate: ({ object, kind }) =>
        void (kind.kind === "ConfigMap" && ((object as ConfigMap).data = { ...(object as ConfigMap).data, added: "yes" })),
    };
    const maps = (await start({ admission: [plugin] })).client().resource(configMapKind);
    const config = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { own: "1" } };
    const made = await maps.patch({ namespace: "default", name: "a" }, config, { type: "apply", fieldManager: "me" });
    const owned = made.metadata?.managedFields?.map(({ operation, fieldsV1 }) => [operation, fieldsV1]);
    expect(owned).toEqual([
      ["Apply", { "f:data": { "f:own": {} } }],
      ["Update", { "f:data": { "f:added": {} } }],
    ]);
  });
});

it("gives back what was reserved for a write that did not happen", async () => {
  const log: string[] = [];
  const strategy = { reserve: () => ({ commit: () => void log.push("commit"), release: () => void log.push("release") }) };
  const pods = (await start({ strategies: new Map([["/Pod", strategy]]) })).client().resource(podKind);
  const pod = { metadata: { name: "p", namespace: "default" }, spec: { containers: [{ name: "main", image: "nginx" }] } };
  await pods.create(pod);
  await refusal(pods.create(pod));
  await refusal(pods.create({ ...pod, spec: { containers: [] } }));
  await pods.create({ ...pod, metadata: { ...pod.metadata, name: "dry" } }, { dryRun: true });
  expect(log).toEqual(["commit", "release", "release", "release"]);
});

it("computes kinds that are never stored", async () => {
  const review = {
    create: (_object: KubeObject, { user }: { user: { name: string } }) =>
      ({ status: { userInfo: { username: user.name } } }) as KubeObject,
  };
  const server = await start({ virtualResources: new Map([["authentication.k8s.io/SelfSubjectReview", review]]) });
  expect(await server.client({ name: "ann", groups: [] }).resource(selfSubjectReviewKind).create({ metadata: {} })).toMatchObject({
    apiVersion: "authentication.k8s.io/v1",
    kind: "SelfSubjectReview",
    status: { userInfo: { username: "ann" } },
  });
  expect((await refusal(server.client().resource(selfSubjectReviewKind).list())).code).toBe(405);
});

describe("a store that does not work", () => {
  /** Works until it is told to fail. */
  class BrittleStore extends MemoryStore {
    failure: Error | undefined;
    override txn(request: TxnRequest): Promise<TxnResponse> {
      return this.failure === undefined ? super.txn(request) : Promise.reject(this.failure);
    }
    override currentRevision(): Promise<number> {
      return this.failure === undefined ? super.currentRevision() : Promise.reject(this.failure);
    }
  }

  it.each([
    [new StoreUnavailableError("cannot write to the store: is the disk full?"), "ServiceUnavailable", 503, 1],
    [new CorruptRecordError("record 7 is damaged"), "StorageReadError", 500, undefined],
  ])("%s", async (failure, reason, code, retryAfterSeconds) => {
    const store = new BrittleStore();
    api = await startTestApiServer({ store });
    const configMaps = api.client().resource(configMapKind);
    await configMaps.create({ metadata: { name: "a", namespace: "default" } });
    store.failure = failure;
    const attempts = [
      configMaps.create({ metadata: { name: "b", namespace: "default" } }),
      configMaps.patch({ name: "a", namespace: "default" }, { data: { x: "1" } }),
      configMaps.delete({ name: "a", namespace: "default" }),
      configMaps.list({ namespace: "default" }),
    ];
    for (const attempt of attempts) {
      const status = await refusal(attempt);
      expect(status).toMatchObject({ reason, code, message: expect.stringContaining(failure.message) });
      expect(status.details?.retryAfterSeconds).toBe(retryAfterSeconds);
    }
    store.failure = undefined;
    await configMaps.create({ metadata: { name: "b", namespace: "default" } });
  });
});
