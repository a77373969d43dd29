import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configMapKind, namespaceKind, serviceAccountKind } from "@skiff/api";
import { podKind, template, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["namespace-controller", "service-account-controller", "root-ca-cert-publisher"], { rootCa: "PEM" });
});
afterEach(() => cluster.stop());

const create = () => cluster.client.resource(namespaceKind).create({ metadata: { name: "team" } });
const remove = () => cluster.client.resource(namespaceKind).delete({ name: "team" });
const namespaces = async () => (await cluster.list(namespaceKind)).filter(({ metadata }) => metadata?.name === "team");
const conditions = async () =>
  Object.fromEntries(
    ((await namespaces())[0]?.status?.conditions ?? []).map(({ type, status, message }) => [type, `${status}: ${message}`]),
  );

describe("a new namespace", () => {
  it("gets its default ServiceAccount and the cluster's CA, and gets them back", async () => {
    await create();
    await cluster.settle();
    expect((await cluster.list(serviceAccountKind, "team")).map(({ metadata }) => metadata?.name)).toEqual(["default"]);
    const [ca] = await cluster.list(configMapKind, "team");
    expect(ca).toMatchObject({ metadata: { name: "kube-root-ca.crt" }, data: { "ca.crt": "PEM" } });
    await cluster.client.resource(serviceAccountKind).delete({ namespace: "team", name: "default" });
    await cluster.client.resource(configMapKind).patch({ namespace: "team", name: "kube-root-ca.crt" }, { data: { "ca.crt": "forged" } });
    await cluster.settle();
    expect(await cluster.list(serviceAccountKind, "team")).toHaveLength(1);
    expect((await cluster.list(configMapKind, "team"))[0]?.data).toEqual({ "ca.crt": "PEM" });
  });
});

describe("a namespace that is deleted", () => {
  it("is emptied of everything and goes; others keep theirs", async () => {
    await create();
    await cluster.client.resource(configMapKind).create({ metadata: { name: "ours", namespace: "team" } });
    await cluster.client.resource(configMapKind).create({ metadata: { name: "theirs", namespace: "other" } });
    await cluster.settle();
    await remove();
    await cluster.settle();
    expect(await namespaces()).toEqual([]);
    expect((await cluster.list(configMapKind)).map(({ metadata }) => metadata?.name)).toEqual(["kube-root-ca.crt", "theirs"]);
  });

  it("deletes Pods first and says what it waits for", async () => {
    await create();
    await cluster.client.resource(configMapKind).create({ metadata: { name: "ours", namespace: "team" } });
    await cluster.client
      .resource(podKind)
      .create({ ...template("web"), metadata: { name: "web", namespace: "team" }, spec: { ...template("web").spec!, nodeName: "node-1" } });
    await cluster.settle();
    await remove();
    await cluster.settle();
    expect(await conditions()).toMatchObject({
      NamespaceContentRemaining: "True: Some resources are remaining: pods has 1 resource instances",
      NamespaceFinalizersRemaining: "False: All content-preserving finalizers finished",
    });
    expect((await cluster.list(configMapKind, "team")).map(({ metadata }) => metadata?.name)).toContain("ours");
    await cluster.runKubelets();
    await cluster.clock.advance("1m");
    expect(await namespaces()).toEqual([]);
    expect(await cluster.list(configMapKind, "team")).toEqual([]);
  });

  it("waits for finalizers and names them", async () => {
    await create();
    await cluster.client
      .resource(configMapKind)
      .create({ metadata: { name: "held", namespace: "team", finalizers: ["example.com/hold"] } });
    await cluster.settle();
    await remove();
    await cluster.settle();
    expect(await conditions()).toMatchObject({
      NamespaceContentRemaining: "True: Some resources are remaining: configmaps has 1 resource instances",
      NamespaceFinalizersRemaining:
        "True: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
    });
    await cluster.client.resource(configMapKind).patch({ namespace: "team", name: "held" }, { metadata: { finalizers: null } });
    await cluster.clock.advance("1m");
    expect(await namespaces()).toEqual([]);
  });

  it("stays when a resource could not be listed: an error is never taken for nothing", async () => {
    await create();
    await cluster.settle();
    cluster.api.intercept = ({ method, path }) => {
      if (method === "GET" && path.endsWith("/namespaces/team/secrets")) throw new Error("the store is away");
    };
    await remove();
    await cluster.clock.advance("5s");
    expect((await conditions()).NamespaceDeletionContentFailure).toBe(
      "True: Failed to delete all resource types, 1 remaining: secrets: the store is away",
    );
    cluster.api.intercept = () => {};
    await cluster.clock.advance("1h");
    expect(await namespaces()).toEqual([]);
  });
});
