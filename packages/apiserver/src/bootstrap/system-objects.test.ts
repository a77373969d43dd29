import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  certificateSigningRequestKind,
  configMapKind,
  endpointsKind,
  endpointSliceKind,
  eventKind,
  flowSchemaKind,
  limitRangeKind,
  namespaceKind,
  podKind,
  priorityClassKind,
  resourceQuotaKind,
  roleBindingKind,
  serviceAccountKind,
  serviceKind,
  validatingAdmissionPolicyBindingKind,
  validatingAdmissionPolicyKind,
  validatingWebhookConfigurationKind,
  type Pod,
  type PodSpec,
} from "@skiff/api";
import type { Client } from "@skiff/client";
import { createCertificateRequest } from "../pki/certificate-request.ts";
import { generateKeyPair, loadKeyPair } from "../pki/node-crypto.ts";
import { startTestApiServer, type TestApiServer } from "../testing/test-api-server.ts";
import { fullServer } from "../testing/full-server.ts";
import { RecordingConnector } from "../testing/recording-connector.ts";
import { sweepEvents } from "./event-sweeper.ts";
import { ensureSystemObjects, keepKubernetesService, type SystemObjectsOptions } from "./system-objects.ts";

let api: TestApiServer;
let client: Client;
let asked: unknown[];
const SYSTEM: SystemObjectsOptions = {
  servers: { addresses: ["192.0.2.1"], port: 6443 },
  clientAuthorityPem: "-----BEGIN CERTIFICATE-----",
  clusterInfoUrl: "https://192.0.2.1:6443",
};
const JANE = { name: "jane", groups: ["system:authenticated"] };
const kubernetes = { namespace: "default", name: "kubernetes" };

beforeEach(async () => {
  asked = [];
  const post = (url: string, body: unknown): unknown => {
    asked.push(url);
    const { request } = body as { request: { uid: string } };
    return {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: request.uid, allowed: false, status: { message: "not on my watch" } },
    };
  };
  api = await startTestApiServer({ compose: fullServer({ connector: new RecordingConnector(), post }), namespaces: [] });
  client = api.client();
  await ensureSystemObjects(client, api.clock, SYSTEM);
  for (const namespace of ["default", "kube-system"])
    await client.resource(serviceAccountKind).create({ metadata: { namespace, name: "default" } });
});
afterEach(() => api.stop());

function pod(name: string, spec: Partial<PodSpec> = {}): Pod {
  return {
    metadata: { name, namespace: "default", labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "busybox" }], ...spec },
  };
}

describe("system objects", () => {
  it("are there, and a second start changes nothing", async () => {
    expect((await client.resource(namespaceKind).list()).items.map(({ metadata }) => metadata?.name)).toEqual([
      "default",
      "kube-node-lease",
      "kube-public",
      "kube-system",
    ]);
    expect((await client.resource(priorityClassKind).list()).items).toHaveLength(2);
    expect((await client.resource(flowSchemaKind).list()).items.map(({ metadata }) => metadata?.name)).toEqual(["catch-all", "exempt"]);
    expect((await client.resource(serviceKind).get(kubernetes)).spec).toMatchObject({
      clusterIP: "10.96.0.1",
      ports: [{ name: "https", port: 443, targetPort: 6443 }],
    });
    expect((await client.resource(endpointSliceKind).get(kubernetes)).endpoints).toMatchObject([{ addresses: ["192.0.2.1"] }]);
    const { data } = await client.resource(configMapKind).get({ namespace: "kube-system", name: "extension-apiserver-authentication" });
    expect(data?.["client-ca-file"]).toBe(SYSTEM.clientAuthorityPem);
    const before = api.server.core.registry.revision;
    await ensureSystemObjects(client, api.clock, SYSTEM);
    expect(api.server.core.registry.revision).toBe(before);
  });

  it("the kubernetes service and its endpoints are put right", async () => {
    const stopping = new AbortController();
    const range = "10.96.0.0/16";
    void keepKubernetesService(api.host, client, range, () => ({ addresses: ["192.0.2.2"], port: 6443 }), stopping.signal);
    await client.resource(endpointsKind).delete(kubernetes);
    await client.resource(serviceKind).delete(kubernetes);
    await api.clock.advance(11_000);
    expect((await client.resource(serviceKind).get(kubernetes)).spec?.clusterIP).toBe("10.96.0.1");
    expect((await client.resource(endpointsKind).get(kubernetes)).subsets?.[0]?.addresses).toEqual([{ ip: "192.0.2.2" }]);
    expect((await client.resource(endpointSliceKind).get(kubernetes)).endpoints).toMatchObject([{ addresses: ["192.0.2.2"] }]);
    stopping.abort();
  });
});

describe("events", () => {
  it("go an hour after their last change", async () => {
    const stopping = new AbortController();
    void sweepEvents(api.host, api.server.core.registry, stopping.signal);
    const events = client.resource(eventKind);
    for (const name of ["old", "renewed"]) {
      await events.create({
        metadata: { namespace: "default", name },
        involvedObject: { kind: "Pod", namespace: "default", name: "web" },
        reason: "Pulled",
        type: "Normal",
      });
    }
    await api.clock.advance(30 * 60_000);
    await events.patch({ namespace: "default", name: "renewed" }, { count: 2 });
    await api.clock.advance(29 * 60_000);
    expect((await events.list()).items).toHaveLength(2);
    await api.clock.advance(2 * 60_000);
    expect((await events.list()).items.map(({ metadata }) => metadata?.name)).toEqual(["renewed"]);
    stopping.abort();
  });
});

describe("admission in the pipeline", () => {
  const pods = () => client.resource(podKind);

  it("gives Pods their account, its token, tolerations and priority", async () => {
    const { spec } = await pods().create(pod("web", { priorityClassName: "system-node-critical" }));
    expect(spec?.serviceAccountName).toBe("default");
    expect(spec?.containers[0]?.volumeMounts).toMatchObject([
      { mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true },
    ]);
    expect(spec?.volumes?.[0]?.projected?.sources).toHaveLength(3);
    expect(spec?.tolerations).toHaveLength(2);
    expect(spec?.priority).toBe(2_000_001_000);
  });

  it("refuses Pods of an account that is not there", async () => {
    await expect(pods().create(pod("web", { serviceAccountName: "gone" }))).rejects.toThrow(
      'pods "web" is forbidden: error looking up service account default/gone: serviceaccount "gone" not found',
    );
  });

  it("keeps to quotas, also when many come at once, and charges no dry runs", async () => {
    const quotas = client.resource(resourceQuotaKind);
    const quota = { namespace: "default", name: "few" };
    await quotas.create({ metadata: quota, spec: { hard: { pods: "3" } } });
    await quotas.patch(quota, { status: { hard: { pods: "3" }, used: { pods: "0" } } }, { subresource: "status" });
    await pods().create(pod("dry"), { dryRun: true });
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => pods().create(pod(`p${index}`))));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    const refused = results.find((result) => result.status === "rejected");
    expect(String(refused?.reason)).toContain("exceeded quota: few, requested: pods=1, used: pods=3, limited: pods=3");
    expect((await quotas.get(quota)).status?.used).toEqual({ pods: "3" });
  });

  it("fills in what limit ranges say", async () => {
    await client
      .resource(limitRangeKind)
      .create({ metadata: { namespace: "default", name: "l" }, spec: { limits: [{ type: "Container", default: { memory: "64Mi" } }] } });
    const { spec } = await pods().create(pod("web"));
    expect(spec?.containers[0]?.resources).toEqual({ limits: { memory: "64Mi" }, requests: { memory: "64Mi" } });
  });

  it("enforces and warns of the standards for Pods", async () => {
    const labels = { "pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted" };
    await client.resource(namespaceKind).patch({ name: "default" }, { metadata: { labels } });
    const privileged = { containers: [{ name: "main", image: "busybox", securityContext: { privileged: true } }] };
    await expect(pods().create(pod("web", privileged))).rejects.toThrow('violates PodSecurity "baseline:latest": privileged');
    const path = "/api/v1/namespaces/default/pods";
    const { headers } = await client.transport.request({ method: "POST", path, body: pod("web") });
    expect(headers["warning"]).toContain('would violate PodSecurity \\"restricted:latest\\"');
  });

  it("asks policies and webhooks", async () => {
    const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE" as const], resources: ["configmaps"] }];
    await client.resource(validatingAdmissionPolicyKind).create({
      metadata: { name: "small" },
      spec: { matchConstraints: { resourceRules: rules }, validations: [{ expression: "object.data.size() < 2", message: "too much" }] },
    });
    await client
      .resource(validatingAdmissionPolicyBindingKind)
      .create({ metadata: { name: "small" }, spec: { policyName: "small", validationActions: ["Deny"] } });
    const maps = client.resource(configMapKind);
    await maps.create({ metadata: { namespace: "default", name: "small" }, data: { a: "1" } });
    await expect(maps.create({ metadata: { namespace: "default", name: "big" }, data: { a: "1", b: "2" } })).rejects.toThrow("too much");
    await client.resource(validatingWebhookConfigurationKind).create({
      metadata: { name: "no" },
      webhooks: [
        {
          name: "no.example.com",
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          clientConfig: { url: "https://hooks.example.com/no" },
          rules,
        },
      ],
    });
    await expect(maps.create({ metadata: { namespace: "default", name: "more" }, data: { a: "1" } })).rejects.toThrow(
      'admission webhook "no.example.com" denied the request: not on my watch',
    );
    expect(asked).toEqual(["https://hooks.example.com/no"]);
  });

  it("writes into certificate requests who made them", async () => {
    const { privateKeyPem } = generateKeyPair();
    const request = createCertificateRequest(loadKeyPair(privateKeyPem), { commonName: "jane", organizations: [] });
    const spec = {
      request: Buffer.from(request).toString("base64"),
      signerName: "kubernetes.io/kube-apiserver-client",
      usages: ["client auth"],
    };
    const root = api.client({ name: "jane", uid: "7", groups: ["system:masters"] });
    const created = await root
      .resource(certificateSigningRequestKind)
      .create({ metadata: { name: "jane" }, spec: { ...spec, username: "root", groups: ["x"], extra: { a: ["b"] } } });
    expect(created.spec).toEqual({ ...spec, username: "jane", uid: "7", groups: ["system:masters"] });
  });

  it("nobody does what no role allows", async () => {
    const jane = api.client(JANE);
    await expect(jane.resource(podKind).create(pod("web"))).rejects.toThrow(
      'User "jane" cannot create resource "pods" in API group "" in the namespace "default"',
    );
    await client.resource(roleBindingKind).create({
      metadata: { namespace: "default", name: "jane" },
      // What `edit` is put together from; that is done by a controller.
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:aggregate-to-edit" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "jane" }],
    });
    await jane.resource(podKind).create(pod("web"));
  });
});
