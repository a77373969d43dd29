import { afterEach, describe, expect, it } from "vitest";
import { silentLogger, systemClock, systemRandom } from "@skiff/base";
import { RequestQuery } from "../request-query.ts";
import { createApiServer, type ApiServer } from "../create-api-server.ts";
import type { ServerRequest } from "../server-request.ts";
import { fullServer } from "../testing/full-server.ts";
import { RecordingConnector } from "../testing/recording-connector.ts";
import { MemoryStore } from "@skiff/store";
import { auditEvent, type AuditRecord } from "./audit-event.ts";
import { isAudited } from "./audit-policy.ts";

let server: ApiServer | undefined;
let records: AuditRecord[] = [];
afterEach(() => server?.stop());

const ADMIN = { name: "admin", groups: ["system:masters"] };

async function start(): Promise<ApiServer> {
  records = [];
  server = await createApiServer({
    host: { clock: systemClock, random: systemRandom, log: silentLogger },
    store: new MemoryStore(),
    audit: { write: (record) => void records.push(record) },
    compose: fullServer({ connector: new RecordingConnector() }),
  });
  return server;
}

function request(method: ServerRequest["method"], url: string, more: Partial<ServerRequest> = {}): ServerRequest {
  const [path = "", query = ""] = url.split("?");
  const headers = { "user-agent": "kubectl/v1.32", authorization: "Bearer hunter2" };
  const body = { type: "none" } as const;
  return {
    method,
    path,
    query: RequestQuery.parse(query),
    headers,
    body,
    user: ADMIN,
    internal: false,
    remoteAddress: "192.0.2.1",
    auditId: "a-1",
    ...more,
  };
}

const namespace = (name: string): ServerRequest["body"] => ({
  type: "value",
  value: { apiVersion: "v1", kind: "Namespace", metadata: { name } },
});

describe("records", () => {
  it("say who did what to which object, from where, when and with what success, and not what was in it", async () => {
    const api = await start();
    await api.handle(request("POST", "/api/v1/namespaces?fieldManager=me", { body: namespace("shop") }));
    const [record] = records as [AuditRecord];
    expect(auditEvent(record)).toEqual({
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: "Metadata",
      auditID: "a-1",
      stage: "ResponseComplete",
      requestURI: "/api/v1/namespaces?fieldManager=me",
      verb: "create",
      user: { username: "admin", groups: ["system:masters"] },
      sourceIPs: ["192.0.2.1"],
      userAgent: "kubectl/v1.32",
      objectRef: { resource: "namespaces", apiVersion: "v1" },
      responseStatus: { metadata: {}, code: 201 },
      requestReceivedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      stageTimestamp: expect.stringMatching(/Z$/),
      annotations: { "authorization.k8s.io/decision": "allow" },
    });
    expect(JSON.stringify(auditEvent(record))).not.toContain("hunter2");
  });

  it("name who was impersonated, and say no where the answer was no", async () => {
    const api = await start();
    const headers = { "impersonate-user": "jane" };
    await api.handle(request("DELETE", "/apis/apps/v1/namespaces/shop/deployments/web/scale", { headers }));
    const event = auditEvent(records[0] as AuditRecord);
    expect(event).toMatchObject({
      user: { username: "admin" },
      impersonatedUser: { username: "jane", groups: ["system:authenticated"] },
      objectRef: { resource: "deployments", namespace: "shop", name: "web", apiGroup: "apps", apiVersion: "v1", subresource: "scale" },
      responseStatus: { code: 403, status: "Failure", reason: "Forbidden", message: expect.stringContaining('User "jane" cannot delete') },
      annotations: { "authorization.k8s.io/decision": "forbid" },
    });
  });

  it("are made when nobody knows who asks, and of paths that cannot be read", async () => {
    const api = await start();
    const { user: _user, ...unknown } = request("GET", "/api/v1/secrets");
    await api.handle(unknown);
    await api.handle(request("GET", "/api/v1/namespaces/%zz/secrets"));
    expect(records.map((record) => [record.code, auditEvent(record).user, isAudited(record)])).toEqual([
      [401, {}, true],
      [400, {}, true],
    ]);
  });

  it("are of watches when they begin", async () => {
    const api = await start();
    const reply = await api.handle(request("GET", "/api/v1/pods?watch=true"));
    if (reply.type === "watch") reply.session.close();
    expect(auditEvent(records[0] as AuditRecord)).toMatchObject({ stage: "ResponseStarted", verb: "watch" });
  });

  it("hide secrets in queries, and are no longer than texts of clients may make them", async () => {
    const api = await start();
    await api.handle(request("GET", `/version?token=hunter2&x=${"x".repeat(5000)}`));
    const { requestURI } = auditEvent(records[0] as AuditRecord);
    expect(requestURI).toMatch(/^\/version\?token=REDACTED&x=x+…$/);
    expect(requestURI.length).toBeLessThan(1100);
  });
});

describe("the policy", () => {
  const node = { name: "system:node:a", groups: ["system:nodes"] };
  it.each<[string, ServerRequest["method"], string, Partial<ServerRequest>, boolean]>([
    ["a user's read of a Secret", "GET", "/api/v1/namespaces/default/secrets/x", {}, true],
    ["a user's list", "GET", "/api/v1/pods", {}, true],
    ["a health check", "GET", "/readyz", {}, false],
    ["discovery", "GET", "/apis", {}, false],
    ["a node's read", "GET", "/api/v1/nodes/a", { user: node }, false],
    ["a node's status", "PATCH", "/api/v1/nodes/a/status", { user: node }, false],
    ["what a node may not do", "GET", "/api/v1/secrets", { user: node }, true],
    ["a node's new Pod", "POST", "/api/v1/namespaces/default/pods", { user: node }, true],
    ["an event", "POST", "/api/v1/namespaces/default/events", {}, false],
    ["a lease", "PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a", { user: node }, false],
  ])("%s", async (_what, method, url, more, expected) => {
    const api = await start();
    await api.handle(request(method, url, more));
    expect(isAudited(records[0] as AuditRecord)).toBe(expected);
  });
});
