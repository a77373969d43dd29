import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  bindingKind,
  certificateSigningRequestKind,
  deploymentKind,
  endpointSliceKind,
  isStatus,
  namespaceKind,
  nodeKind,
  podDisruptionBudgetKind,
  podKind,
  replicationControllerKind,
  serviceAccountKind,
  serviceKind,
  type KubeObject,
  type Method,
  type Pod,
  type Scale,
  type TokenRequest,
} from "@skiff/api";
import type { Client } from "@skiff/client";
import { createCertificateRequest } from "../pki/certificate-request.ts";
import { generateKeyPair } from "../pki/node-crypto.ts";
import type { Reply } from "../reply.ts";
import { RequestQuery } from "../request-query.ts";
import { startTestApiServer, TEST_ADMIN, type TestApiServer } from "../testing/test-api-server.ts";
import { fullServer } from "../testing/full-server.ts";
import { RecordingConnector } from "../testing/recording-connector.ts";

let api: TestApiServer;
let client: Client;
let connector: RecordingConnector;
const ref = { namespace: "default", name: "web" };

beforeEach(async () => {
  connector = new RecordingConnector();
  api = await startTestApiServer({ compose: fullServer({ connector }) });
  client = api.client();
  await client.resource(serviceAccountKind).create({ metadata: { namespace: "default", name: "default" } });
});
afterEach(() => api.stop());

function pod(name: string, containers = ["main"], spec: Partial<Pod["spec"]> = {}): Pod {
  return {
    metadata: { name, namespace: "default", labels: { app: "web" } },
    spec: { containers: containers.map((each) => ({ name: each, image: "busybox" })), ...spec },
  };
}

async function createPod(made: Pod): Promise<Pod> {
  return client.resource(podKind).create(made);
}

/** A Pod that runs on node n1, ready or not. */
async function runningPod(name: string, ready = true, containers = ["main"]): Promise<void> {
  await createPod(pod(name, containers));
  await bind(name, "n1");
  const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
  await client
    .resource(podKind)
    .patch({ namespace: "default", name }, { status: { phase: "Running", podIP: "10.1.0.5", conditions } }, { subresource: "status" });
}

function bind(name: string, node: string): Promise<unknown> {
  const body = { metadata: { name }, target: { kind: "Node", name: node } } as KubeObject;
  return client.resource(podKind).createSubresource({ namespace: "default", name }, "binding", body);
}

function evict(name: string, eviction: object = {}): Promise<unknown> {
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name }, ...eviction } as KubeObject;
  return client.resource(podKind).createSubresource({ namespace: "default", name }, "eviction", body);
}

function send(method: Method, path: string, headers: Record<string, string> = {}): Promise<Reply> {
  const [where = "", query = ""] = path.split("?");
  return api.server.handle({
    method,
    path: where,
    query: RequestQuery.parse(query),
    headers,
    body: { type: "none" },
    user: TEST_ADMIN,
    internal: true,
  });
}

async function textOf(reply: Reply): Promise<string> {
  if (reply.type === "value") return (reply.value as { message?: string }).message ?? "";
  if (reply.type !== "stream") return "";
  const chunks: Uint8Array[] = [];
  for await (const chunk of reply.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function refusal(write: Promise<unknown>): Promise<{ reason: string; message: string; causes: (string | undefined)[] }> {
  const error = await write.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isStatus(error)) throw error ?? new Error("the request succeeded");
  return { reason: error.reason, message: error.message, causes: (error.status.details?.causes ?? []).map(({ message }) => message) };
}

const POD_TEMPLATE = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image: "busybox" }] } };

describe("scale", () => {
  beforeEach(async () => {
    const spec = { replicas: 2, selector: { matchLabels: { app: "web" } }, template: POD_TEMPLATE };
    await client.resource(deploymentKind).create({ metadata: ref, spec });
  });
  const deployments = () => client.resource(deploymentKind);
  const scale = async (): Promise<Scale> => (await deployments().get(ref, { subresource: "scale" })) as unknown as Scale;

  it("shows counts and selector, and is written by PUT and PATCH", async () => {
    const shown = await scale();
    expect(shown).toMatchObject({
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      spec: { replicas: 2 },
      status: { replicas: 0, selector: "app=web" },
    });
    await deployments().update({ ...shown, spec: { replicas: 5 } } as KubeObject, { subresource: "scale" });
    const { metadata, spec } = await deployments().get(ref);
    expect([spec?.replicas, metadata?.generation]).toEqual([5, 2]);
    expect(metadata?.managedFields?.some(({ subresource }) => subresource === "scale")).toBe(true);
    await deployments().patch(ref, { spec: { replicas: 0 } }, { subresource: "scale" });
    expect((await scale()).spec).toEqual({});
    const old = await refusal(deployments().update({ ...shown, spec: { replicas: 7 } } as KubeObject, { subresource: "scale" }));
    expect(old.reason).toBe("Conflict");
    const negative = await refusal(deployments().patch(ref, { spec: { replicas: -1 } }, { subresource: "scale" }));
    expect(negative.message).toContain('Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1');
  });

  it("reads the selector of a replication controller, which is a map", async () => {
    await client
      .resource(replicationControllerKind)
      .create({ metadata: ref, spec: { replicas: 1, selector: { app: "web" }, template: POD_TEMPLATE } });
    const shown = (await client.resource(replicationControllerKind).get(ref, { subresource: "scale" })) as unknown as Scale;
    expect(shown.status).toEqual({ replicas: 0, selector: "app=web" });
  });
});

describe("binding", () => {
  it("gives a Pod its node once", async () => {
    await createPod(pod("web"));
    expect(await bind("web", "n1")).toMatchObject({ kind: "Status", status: "Success", code: 201 });
    const bound = await client.resource(podKind).get(ref);
    expect(bound.spec?.nodeName).toBe("n1");
    expect(bound.status?.conditions).toMatchObject([{ type: "PodScheduled", status: "True" }]);
    const { reason, message } = await refusal(bind("web", "n2"));
    expect([reason, message]).toEqual([
      "Conflict",
      'Operation cannot be fulfilled on pods/binding "web": pod web is already assigned to node "n1"',
    ]);
    expect((await refusal(bind("gone", "n1"))).reason).toBe("NotFound");
  });

  it("works by the older path, too", async () => {
    await createPod(pod("web"));
    await client.resource(bindingKind).create({ metadata: ref, target: { kind: "Node", name: "n1" } });
    expect((await client.resource(podKind).get(ref)).spec?.nodeName).toBe("n1");
  });

  it("only one of many at once wins", async () => {
    await createPod(pod("web"));
    const results = await Promise.allSettled(Array.from({ length: 5 }, (_, index) => bind("web", `n${index}`)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("leaves gated Pods alone", async () => {
    await createPod(pod("web", ["main"], { schedulingGates: [{ name: "example.com/wait" }] }));
    expect((await refusal(bind("web", "n1"))).message).toContain("pod web has non-empty .spec.schedulingGates");
  });
});

describe("eviction", () => {
  const budgets = () => client.resource(podDisruptionBudgetKind);
  async function budget(status: object, spec: object = {}): Promise<void> {
    await budgets().create({ metadata: ref, spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } }, ...spec } });
    await budgets().patch(
      ref,
      { status: { observedGeneration: 1, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, ...status } },
      { subresource: "status" },
    );
  }
  const isLeaving = async (): Promise<boolean> => (await client.resource(podKind).get(ref)).metadata?.deletionTimestamp !== undefined;

  it("takes a disruption from the budget, and no more than there are", async () => {
    await runningPod("web");
    await runningPod("other");
    await budget({ disruptionsAllowed: 1 });
    await evict("web", { deleteOptions: { dryRun: ["All"] } });
    expect((await budgets().get(ref)).status?.disruptionsAllowed).toBe(1);
    const results = await Promise.allSettled([evict("web"), evict("other")]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const { status } = await budgets().get(ref);
    expect(status?.disruptionsAllowed).toBe(0);
    expect(Object.keys(status?.disruptedPods ?? {})).toHaveLength(1);
    const { reason, message, causes } = await refusal(evict((await isLeaving()) ? "other" : "web"));
    expect([reason, message]).toEqual(["TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget."]);
    expect(causes).toEqual(["The disruption budget web needs 1 healthy pods and has 1 currently"]);
  });

  it("marks the Pod and deletes it with the options of the eviction", async () => {
    await runningPod("web");
    expect(await evict("web", { deleteOptions: { gracePeriodSeconds: 7 } })).toMatchObject({ status: "Success" });
    const { metadata, status } = await client.resource(podKind).get(ref);
    expect(metadata?.deletionGracePeriodSeconds).toBe(7);
    expect(status?.conditions?.find(({ type }) => type === "DisruptionTarget")).toMatchObject({ reason: "EvictionByEvictionAPI" });
  });

  it.each([
    {
      title: "a budget that the controller has not seen yet",
      ready: true,
      status: { observedGeneration: 0, disruptionsAllowed: 5 },
      spec: {},
      refused: true,
    },
    { title: "an unready Pod while others suffice", ready: false, status: { disruptionsAllowed: 0 }, spec: {}, refused: false },
    {
      title: "an unready Pod while others do not suffice",
      ready: false,
      status: { disruptionsAllowed: 0, currentHealthy: 0 },
      spec: {},
      refused: true,
    },
    {
      title: "an unready Pod that may always go",
      ready: false,
      status: { disruptionsAllowed: 0, currentHealthy: 0 },
      spec: { unhealthyPodEvictionPolicy: "AlwaysAllow" },
      refused: false,
    },
  ])("$title", async ({ ready, status, spec, refused }) => {
    await runningPod("web", ready);
    await budget(status, spec);
    if (refused) expect((await refusal(evict("web"))).reason).toBe("TooManyRequests");
    else await evict("web");
    expect(await isLeaving()).toBe(!refused);
  });

  it("refuses a name that differs from the path's", async () => {
    await runningPod("web");
    const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "other" } } as KubeObject;
    const { message } = await refusal(client.resource(podKind).createSubresource(ref, "eviction", body));
    expect(message).toBe("name in URL does not match name in Eviction object");
  });
});

it("token: answers a TokenRequest", async () => {
  const body: TokenRequest = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: ["vault"], expirationSeconds: 600 },
  };
  const accounts = client.resource(serviceAccountKind);
  const { status, spec } = await accounts.createSubresource({ namespace: "default", name: "default" }, "token", body);
  expect(status?.token?.split(".")).toHaveLength(3);
  expect(spec?.audiences).toEqual(["vault"]);
  expect((await refusal(accounts.createSubresource({ namespace: "default", name: "gone" }, "token", body))).reason).toBe("NotFound");
});

describe("parts of objects", () => {
  it("ephemeralcontainers: adds containers and nothing else", async () => {
    await runningPod("web");
    const ephemeralContainers = [{ name: "debug", image: "busybox", targetContainerName: "main" }];
    const patched = await client
      .resource(podKind)
      .patch(ref, { spec: { ephemeralContainers, nodeName: "n9" } }, { type: "strategic", subresource: "ephemeralcontainers" });
    expect(patched.spec?.ephemeralContainers).toMatchObject([{ name: "debug", imagePullPolicy: "Always" }]);
    expect(patched.spec?.nodeName).toBe("n1");
    const removal = { ...patched, spec: { ...patched.spec, containers: patched.spec?.containers ?? [], ephemeralContainers: [] } };
    expect((await refusal(client.resource(podKind).update(removal, { subresource: "ephemeralcontainers" }))).reason).toBe("Invalid");
  });

  it("resize: changes resources, within the Pod's class", async () => {
    const resources = { requests: { cpu: "100m" } };
    await createPod(pod("web", [], { containers: [{ name: "main", image: "busybox", resources }] }));
    const resize = (cpu: object): Promise<Pod> =>
      client
        .resource(podKind)
        .patch(ref, { spec: { containers: [{ name: "main", resources: cpu }] } }, { type: "strategic", subresource: "resize" });
    const resized = await resize({ requests: { cpu: "200m" } });
    expect([resized.spec?.containers[0]?.resources?.requests?.["cpu"], resized.metadata?.generation]).toEqual(["200m", 2]);
    const { message } = await refusal(resize({ requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1", memory: "1Gi" } }));
    expect(message).toContain("Pod QOS Class may not change as a result of resizing");
  });

  it("finalize: ends a namespace that is being deleted", async () => {
    const namespaces = client.resource(namespaceKind);
    await namespaces.create({ metadata: { name: "tmp" } });
    await namespaces.delete({ name: "tmp" });
    const leaving = await namespaces.get({ name: "tmp" });
    expect(leaving.status?.phase).toBe("Terminating");
    await namespaces.update({ ...leaving, spec: { finalizers: [] } }, { subresource: "finalize" });
    expect((await refusal(namespaces.get({ name: "tmp" }))).reason).toBe("NotFound");
  });

  it("approval: decides on a certificate request", async () => {
    const requests = client.resource(certificateSigningRequestKind);
    const request = Buffer.from(createCertificateRequest(generateKeyPair(), { commonName: "jane", organizations: [] })).toString("base64");
    const spec = { request, signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"] };
    const created = await requests.create({ metadata: { name: "jane" }, spec });
    const conditions = [{ type: "Approved", status: "True", reason: "KubectlApprove" }];
    const approved = await requests.update({ ...created, status: { conditions } }, { subresource: "approval" });
    expect(approved.status?.conditions).toMatchObject(conditions);
    const certificate = Buffer.from("x").toString("base64");
    const patched = await requests.patch({ name: "jane" }, { status: { certificate } }, { subresource: "approval" });
    expect(patched.status).not.toHaveProperty("certificate");
  });
});

const PODS = "/api/v1/namespaces/default/pods";

describe("logs and streams", () => {
  it("reads the kubelet's log", async () => {
    await runningPod("web");
    connector.answer = { status: 200, text: "hello\n" };
    expect(await textOf(await send("GET", `${PODS}/web/log?follow=true&tailLines=5&timestamps=true`))).toBe("hello\n");
    expect(connector.last).toBe("GET n1 /containerLogs/default/web/main?follow=true&timestamps=true&tailLines=5");
    connector.answer = { status: 400, text: 'container "main" in pod "web" is waiting to start: ContainerCreating\n' };
    expect(await textOf(await send("GET", `${PODS}/web/log`))).toBe('container "main" in pod "web" is waiting to start: ContainerCreating');
  });

  it.each([
    { path: "log", message: "a container name must be specified for pod web, choose one of: [a b]" },
    { path: "log?container=c", message: "container c is not valid for pod web" },
    {
      path: "log?container=a&tailLines=-1",
      message: 'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
    },
    {
      path: "log?container=a&sinceSeconds=0",
      message: 'PodLogOptions "web" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0',
    },
    { path: "exec?command=ls&stdout=true", message: "a container name must be specified for pod web, choose one of: [a b]" },
    { path: "exec?command=ls&stdout=true&container=a", message: "Upgrade request required" },
  ])("$path: $message", async ({ path, message }) => {
    await runningPod("web", true, ["a", "b"]);
    expect(await textOf(await send("GET", `${PODS}/web/${path}`))).toBe(message);
  });

  it("passes exec, attach and portforward on", async () => {
    await runningPod("web");
    connector.answer = { status: 101, text: "" };
    const spdy = {
      connection: "Upgrade",
      upgrade: "SPDY/3.1",
      authorization: "Bearer secret",
      "x-stream-protocol-version": "v4.channel.k8s.io",
    };
    const reply = await send("POST", `${PODS}/web/exec?command=ls&command=-l&stdin=true&stdout=true&stderr=true&tty=false`, spdy);
    expect(reply).toMatchObject({ type: "upgrade", status: 101 });
    expect(connector.last).toBe("POST n1 /exec/default/web/main?input=1&output=1&error=1&command=ls&command=-l");
    const { headers } = connector.requests[0]?.request ?? {};
    expect(headers).toEqual({ connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": "v4.channel.k8s.io" });
    await send("POST", `${PODS}/web/portforward`, spdy);
    expect(connector.last).toBe("POST n1 /portForward/default/web");
  });

  it.each([
    { offered: "v5.channel.k8s.io", passed: undefined },
    { offered: "v5.channel.k8s.io, v4.channel.k8s.io", passed: "v4.channel.k8s.io" },
    { offered: "SPDY/3.1+portforward.k8s.io", passed: undefined },
  ])("WebSocket protocols $offered: $passed goes on", async ({ offered, passed }) => {
    await runningPod("web");
    connector.answer = { status: 101, text: "" };
    const headers = { connection: "keep-alive, Upgrade", upgrade: "websocket", "sec-websocket-protocol": offered };
    const reply = await send("GET", `${PODS}/web/attach?stdout=true`, headers);
    if (passed === undefined) expect(reply).toMatchObject({ type: "value", status: 400 });
    else expect(connector.requests[0]?.request.headers["sec-websocket-protocol"]).toBe(passed);
  });
});

describe("proxies", () => {
  it("reach Pods, endpoints of Services and kubelets", async () => {
    await runningPod("web");
    await client.resource(serviceKind).create({ metadata: ref, spec: { ports: [{ name: "http", port: 80, targetPort: 8080 }] } });
    const labels = { "kubernetes.io/service-name": "web" };
    const endpoints = [{ addresses: ["10.1.0.6"], conditions: { ready: false } }, { addresses: ["10.1.0.5"] }];
    await client
      .resource(endpointSliceKind)
      .create({ metadata: { ...ref, labels }, addressType: "IPv4", endpoints, ports: [{ name: "http", port: 8080 }] });
    await client.resource(nodeKind).create({ metadata: { name: "n1" } });
    await send("GET", `${PODS}/web:8080/proxy/a/b?x=1`, { authorization: "Bearer secret" });
    expect(connector.last).toBe("GET http://10.1.0.5:8080 /a/b?x=1");
    expect(connector.requests[0]?.request.headers).not.toHaveProperty("authorization");
    await send("GET", "/api/v1/namespaces/default/services/https:web:80/proxy/");
    expect(connector.last).toBe("GET https://10.1.0.5:8080 /");
    await send("GET", "/api/v1/namespaces/default/services/web:http/proxy/x");
    expect(connector.last).toBe("GET http://10.1.0.5:8080 /x");
    await send("GET", "/api/v1/nodes/n1/proxy/stats/summary");
    expect(connector.last).toBe("GET n1 /stats/summary");
    const missing = await send("GET", "/api/v1/namespaces/default/services/web:81/proxy/");
    expect(await textOf(missing)).toBe('no service port 81 found for service "web"');
  });

  it("redirect to the path with a slash, and put links of pages right", async () => {
    await runningPod("web");
    expect(await send("GET", `${PODS}/web/proxy?a=b`)).toMatchObject({ status: 301, headers: { location: `${PODS}/web/proxy/?a=b` } });
    await send("DELETE", `${PODS}/web/proxy?method=DELETE`);
    expect(connector.last).toMatch(/^DELETE .* \/\?method=DELETE$/);
    connector.answer = {
      status: 200,
      headers: { "content-type": "text/html" },
      text: '<a href="/rewriteme">test</a><img src="https://example.com/x">',
    };
    expect(await textOf(await send("GET", `${PODS}/web/proxy/page`))).toBe(
      `<a href="${PODS}/web/proxy/rewriteme">test</a><img src="https://example.com/x">`,
    );
  });

  it.each(["127.0.0.1", "169.254.169.254", "::1"])("never lead to %s", async (podIP) => {
    await createPod(pod("web"));
    await client.resource(podKind).patch(ref, { status: { podIP } }, { subresource: "status" });
    expect(await textOf(await send("GET", `${PODS}/web/proxy/`))).toBe("address not allowed");
  });
});
