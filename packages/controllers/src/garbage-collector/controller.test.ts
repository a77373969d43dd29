import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configMapKind, defineKind, namespaceKind, type ConfigMap, type KubeObject, type OwnerReference } from "@skiff/api";
import { TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["generic-garbage-collector"]);
});
afterEach(() => cluster.stop());

const configMaps = () => cluster.client.resource(configMapKind);
const owner = (object: KubeObject, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: object.metadata?.name ?? "",
  uid: object.metadata?.uid ?? "",
  ...more,
});
const create = (name: string, owners: OwnerReference[] = [], namespace = "default"): Promise<ConfigMap> =>
  configMaps().create({ metadata: { name, namespace, ...(owners.length > 0 ? { ownerReferences: owners } : {}) } });
const names = async (): Promise<string[]> => (await cluster.list(configMapKind)).map(({ metadata }) => metadata?.name ?? "").sort();
const remove = (name: string, propagationPolicy?: "Background" | "Foreground" | "Orphan") =>
  configMaps().delete({ namespace: "default", name }, { propagationPolicy });

describe("background deletion", () => {
  it("takes everything that belongs to the owner, however deep, and nothing else", async () => {
    const root = await create("root");
    const child = await create("child", [owner(root)]);
    await create("grandchild", [owner(child)]);
    await create("unrelated");
    await cluster.settle();
    await remove("root");
    await cluster.settle();
    expect(await names()).toEqual(["unrelated"]);
  });

  it("keeps what has another owner, without the reference to the one that is gone", async () => {
    const [a, b] = [await create("a"), await create("b")];
    await create("shared", [owner(a), owner(b)]);
    await cluster.settle();
    await remove("a");
    await cluster.settle();
    const shared = await configMaps().get({ namespace: "default", name: "shared" });
    expect(shared.metadata?.ownerReferences).toEqual([owner(b)]);
  });

  it("works across kinds, and for kinds that nobody knew when the collector was written", async () => {
    const boats = defineKind({
      group: "example.com",
      version: "v1",
      kind: "Boat",
      plural: "boats",
      singular: "boat",
      namespaced: true,
      schema: "io.k8s.api.core.v1.ConfigMap",
    });
    await cluster.stop();
    cluster = await TestCluster.create([boats]);
    await cluster.start(["generic-garbage-collector"]);
    const boat = await cluster.client.resource(boats).create({ metadata: { name: "skiff", namespace: "default" } });
    await create("oars", [owner(boat, { apiVersion: "example.com/v1", kind: "Boat" })]);
    await cluster.settle();
    await cluster.client.resource(boats).delete({ namespace: "default", name: "skiff" });
    await cluster.settle();
    expect(await names()).toEqual([]);
  });
});

describe("owners that never were", () => {
  it.each([
    ["with a uid that no object has", { uid: "00000000-0000-4000-8000-000000000000" }],
    ["with the name of another object", { name: "elsewhere" }],
  ])("an object whose owner is named %s goes", async (_case, wrong) => {
    const real = await create("real");
    await create("child", [owner(real, wrong)]);
    await cluster.settle();
    expect(await names()).toEqual(["real"]);
  });

  it("an owner in another namespace is none", async () => {
    const real = await create("real", [], "other");
    await create("child", [owner(real)]);
    await cluster.settle();
    expect(await names()).toEqual(["real"]);
  });

  it("a cluster-wide object with a namespaced owner stays", async () => {
    const real = await create("real");
    await cluster.client.resource(namespaceKind).create({ metadata: { name: "wide", ownerReferences: [owner(real)] } });
    await remove("real");
    await cluster.settle();
    const wide = await cluster.client.resource(namespaceKind).get({ name: "wide" });
    expect(wide.metadata?.deletionTimestamp).toBeUndefined();
  });

  it("an owner of a kind that nobody serves is no reason to delete", async () => {
    const real = await create("real");
    await create("child", [owner(real, { apiVersion: "gone.example.com/v1", kind: "Gone" })]);
    await cluster.clock.advance("10m");
    expect(await names()).toEqual(["child", "real"]);
  });
});

describe("foreground deletion", () => {
  it("keeps the owner until the last dependent that blocks it is gone", async () => {
    const root = await create("root");
    const child = await configMaps().create({
      metadata: {
        name: "child",
        namespace: "default",
        finalizers: ["example.com/wait"],
        ownerReferences: [owner(root, { blockOwnerDeletion: true })],
      },
    });
    await create("grandchild", [owner(child, { blockOwnerDeletion: true })]);
    await cluster.settle();
    await remove("root", "Foreground");
    await cluster.settle();
    expect(await names()).toEqual(["child", "root"]);
    await configMaps().patch({ namespace: "default", name: "child" }, { metadata: { finalizers: null } });
    await cluster.settle();
    expect(await names()).toEqual([]);
  });

  it("does not wait for dependents that do not block", async () => {
    const root = await create("root");
    await configMaps().create({
      metadata: { name: "child", namespace: "default", finalizers: ["example.com/wait"], ownerReferences: [owner(root)] },
    });
    await cluster.settle();
    await remove("root", "Foreground");
    await cluster.settle();
    expect(await names()).toEqual(["child"]);
  });

  it("opens a circle of owners that wait for each other", async () => {
    const a = await create("a");
    const b = await create("b", [owner(a, { blockOwnerDeletion: true })]);
    await configMaps().patch(
      { namespace: "default", name: "a" },
      { metadata: { ownerReferences: [owner(b, { blockOwnerDeletion: true })] } },
    );
    await cluster.settle();
    await remove("a", "Foreground");
    await cluster.clock.advance("1m");
    expect(await names()).toEqual([]);
  });
});

describe("orphaning", () => {
  it("lets the dependents go and keeps them", async () => {
    const root = await create("root");
    await create("one", [owner(root)]);
    await create("two", [owner(root)]);
    await cluster.settle();
    await remove("root", "Orphan");
    await cluster.settle();
    expect(await names()).toEqual(["one", "two"]);
    for (const { metadata } of await cluster.list(configMapKind)) expect(metadata?.ownerReferences ?? []).toEqual([]);
  });
});

it("asks the server nothing about a thousand objects whose owners it knows", async () => {
  await cluster.stop();
  cluster = await TestCluster.create();
  const root = await create("root");
  for (let index = 0; index < 1000; index++) await create(`child-${index}`, [owner(root)]);
  let reads = 0;
  cluster.api.intercept = ({ method, path }) => {
    if (method === "GET" && path.includes("/configmaps/")) reads++;
  };
  await cluster.start(["generic-garbage-collector"]);
  expect(reads).toBe(0);
});
