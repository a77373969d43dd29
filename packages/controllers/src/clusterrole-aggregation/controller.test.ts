import { afterEach, beforeEach, expect, it } from "vitest";
import { clusterRoleKind, type ClusterRole, type PolicyRule } from "@skiff/api";
import { TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["clusterrole-aggregation-controller"]);
});
afterEach(() => cluster.stop());

const reading = (...resources: string[]): PolicyRule => ({ apiGroups: [""], resources, verbs: ["get"] });
const create = (name: string, to: string, rules: PolicyRule[]): Promise<ClusterRole> =>
  cluster.client.resource(clusterRoleKind).create({ metadata: { name, labels: { [`to-${to}`]: "true" } }, rules });
const aggregate = (name: string, from: string, to: string): Promise<ClusterRole> =>
  cluster.client.resource(clusterRoleKind).create({
    metadata: { name, labels: { [`to-${to}`]: "true" } },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`to-${from}`]: "true" } }] },
  });
const rulesOf = async (name: string) => (await cluster.client.resource(clusterRoleKind).get({ name })).rules ?? [];

it("joins the rules of the selected roles by name, each once, through chains of roles, and follows changes", async () => {
  await aggregate("edit", "edit", "admin");
  await aggregate("admin", "admin", "nobody");
  await create("b", "edit", [reading("pods"), reading("secrets")]);
  await create("a", "edit", [reading("configmaps"), reading("pods")]);
  await create("other", "nobody", [reading("nodes")]);
  await create("z", "admin", [reading("pods"), reading("events")]);
  await cluster.settle();
  expect(await rulesOf("edit")).toEqual([reading("configmaps"), reading("pods"), reading("secrets")]);
  expect(await rulesOf("admin")).toEqual([reading("configmaps"), reading("pods"), reading("secrets"), reading("events")]);
  expect(await rulesOf("other")).toEqual([reading("nodes")]);

  await cluster.client.resource(clusterRoleKind).delete({ name: "b" });
  await cluster.settle();
  expect(await rulesOf("edit")).toEqual([reading("configmaps"), reading("pods")]);

  const writes = cluster.api.writes.length;
  await cluster.clock.advance("1h");
  expect(cluster.api.writes.length).toBe(writes);
});

it("takes back rules that somebody else wrote into an aggregated role, and lets it be empty", async () => {
  await aggregate("edit", "edit", "nobody");
  await create("a", "edit", [reading("pods")]);
  await cluster.settle();
  await cluster.client.resource(clusterRoleKind).patch({ name: "edit" }, { rules: [reading("nodes")] });
  await cluster.settle();
  expect(await rulesOf("edit")).toEqual([reading("pods")]);
  await cluster.client.resource(clusterRoleKind).delete({ name: "a" });
  await cluster.settle();
  expect(await rulesOf("edit")).toEqual([]);
});
