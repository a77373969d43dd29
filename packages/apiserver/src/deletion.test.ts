import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configMapKind, deploymentKind, jobKind, namespaceKind, podKind, type Namespace, type Pod } from "@skiff/api";
import { startTestApiServer, type TestApiServer } from "./testing.ts";
import { refusal } from "./testing/refusal.ts";

let api: TestApiServer;
beforeEach(async () => {
  api = await startTestApiServer();
});
afterEach(() => api.stop());

const ref = { namespace: "default", name: "x" };
const metadata = { name: "x", namespace: "default" };

describe("pods", () => {
  const podOn = (nodeName: string | undefined, finalizers: string[] = []): Pod => ({
    metadata: { ...metadata, finalizers },
    spec: { containers: [{ name: "main", image: "nginx" }], ...(nodeName ? { nodeName } : {}) },
  });

  it("gives a running pod its grace period, lets it only become shorter, and ends it when the kubelet says so", async () => {
    const pods = api.client().resource(podKind);
    await pods.create(podOn("node-1"));
    const terminating = (await pods.delete(ref)) as Pod;
    expect(terminating.metadata).toMatchObject({
      deletionTimestamp: "2026-01-01T00:00:30Z",
      deletionGracePeriodSeconds: 30,
      generation: 2,
    });
    expect(await pods.delete(ref)).toBe(terminating);
    expect(await pods.delete(ref, { gracePeriodSeconds: 60 })).toBe(terminating);
    const sooner = (await pods.delete(ref, { gracePeriodSeconds: 5 })) as Pod;
    expect(sooner.metadata).toMatchObject({ deletionTimestamp: "2026-01-01T00:00:05Z", deletionGracePeriodSeconds: 5, generation: 2 });
    await pods.delete(ref, { gracePeriodSeconds: 0 });
    expect((await refusal(pods.get(ref))).code).toBe(404);
  });

  it("gives a running pod the time that the client names, though it asks for none itself", async () => {
    const pods = api.client().resource(podKind);
    const pod = podOn("node-1");
    await pods.create({ ...pod, spec: { ...pod.spec, containers: pod.spec?.containers ?? [], terminationGracePeriodSeconds: 0 } });
    expect((await pods.delete(ref, { gracePeriodSeconds: 60 })) as Pod).toMatchObject({ metadata: { deletionGracePeriodSeconds: 60 } });
    expect((await pods.get(ref)).metadata?.generation).toBe(2);
  });

  it.each([
    ["has no node", podOn(undefined), undefined],
    ["has ended", podOn("node-1"), "Succeeded"],
  ])("removes a pod at once that %s", async (_what, pod, phase) => {
    const pods = api.client().resource(podKind);
    await pods.create(pod);
    if (phase) await pods.patch(ref, { status: { phase } }, { subresource: "status" });
    expect(await pods.delete(ref)).toMatchObject({ kind: "Pod", metadata: { deletionGracePeriodSeconds: 0 } });
    expect((await refusal(pods.get(ref))).code).toBe(404);
  });

  it("keeps a pod with finalizers until they are gone and its grace period is used up", async () => {
    const pods = api.client().resource(podKind);
    await pods.create(podOn("node-1", ["test.io/hold"]));
    await pods.delete(ref, { gracePeriodSeconds: 0 });
    expect((await refusal(pods.patch(ref, { metadata: { finalizers: ["test.io/hold", "test.io/more"] } }))).message).toContain(
      "no new finalizers can be added",
    );
    await pods.patch(ref, { metadata: { finalizers: null } });
    expect((await refusal(pods.get(ref))).code).toBe(404);
    await pods.create(podOn("node-1", ["test.io/hold"]));
    await pods.delete(ref);
    await pods.patch(ref, { metadata: { finalizers: null } });
    expect((await pods.get(ref)).metadata?.deletionGracePeriodSeconds).toBe(30);
  });
});

it.each([
  ["Foreground", ["foregroundDeletion"]],
  ["Orphan", ["orphan"]],
] as const)("marks for the garbage collector: %s", async (propagationPolicy, finalizers) => {
  const deployments = api.client().resource(deploymentKind);
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "main", image: "nginx" }] } };
  await deployments.create({ metadata, spec: { selector: { matchLabels: { a: "b" } }, template } });
  const marked = await deployments.delete(ref, { propagationPolicy });
  expect(marked.metadata).toMatchObject({ finalizers, deletionGracePeriodSeconds: 0, deletionTimestamp: "2026-01-01T00:00:00Z" });
  await deployments.patch(ref, { metadata: { finalizers: null } });
  expect((await refusal(deployments.get(ref))).code).toBe(404);
});

it("orphans the pods of jobs unless told otherwise, and says so", async () => {
  const jobs = api.client().resource(jobKind);
  const spec = { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "nginx" }] } } };
  await jobs.create({ metadata, spec });
  const answer = await api.client().transport.request({ method: "DELETE", path: "/apis/batch/v1/namespaces/default/jobs/x" });
  expect(answer.body).toMatchObject({ metadata: { finalizers: ["orphan"] } });
  expect(answer.headers["warning"]).toContain("child pods are preserved by default");
});

it("empties a namespace before it goes", async () => {
  const namespaces = api.client().resource(namespaceKind);
  await namespaces.create({ metadata: { name: "x" } });
  const terminating = (await namespaces.delete({ name: "x" })) as Namespace;
  expect(terminating).toMatchObject({ status: { phase: "Terminating" }, spec: { finalizers: ["kubernetes"] } });
  expect(terminating.metadata?.deletionGracePeriodSeconds).toBeUndefined();
  expect(await namespaces.delete({ name: "x" })).toBe(terminating);
  await namespaces.update({ ...terminating, spec: { finalizers: [] } }, { subresource: "finalize" });
  expect((await refusal(namespaces.get({ name: "x" }))).code).toBe(404);
});

it("keeps preconditions and checks its options", async () => {
  const maps = api.client().resource(configMapKind);
  const { metadata: made } = await maps.create({ metadata });
  expect(await refusal(maps.delete(ref, { preconditions: { uid: "other" } }))).toMatchObject({ reason: "Conflict" });
  expect(await refusal(maps.delete(ref, { preconditions: { resourceVersion: "1" } }))).toMatchObject({ reason: "Conflict" });
  expect(await refusal(maps.delete(ref, { propagationPolicy: "Sideways" as "Orphan" }))).toMatchObject({ reason: "Invalid" });
  expect(await maps.delete(ref, { preconditions: { uid: made?.uid } })).toMatchObject({
    status: "Success",
    details: { kind: "configmaps" },
  });
});

it("deletes what a selector picks", async () => {
  const maps = api.client().resource(configMapKind);
  for (const name of ["a", "b", "c"])
    await maps.create({ metadata: { name, namespace: "default", labels: { keep: String(name === "b") } } });
  await maps.deleteCollection({ namespace: "default", labelSelector: "keep=false" });
  expect((await maps.list({ namespace: "default" })).items.map(({ metadata: each }) => each?.name)).toEqual(["b"]);
});
