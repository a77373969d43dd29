import { afterEach, beforeEach, expect, it } from "vitest";
import { bootstrapTokenSecret, configMapKind, secretKind, type BootstrapToken, type TokenUsage } from "@skiff/api";
import type { TestApiServer } from "@skiff/apiserver/testing";
import { formatTime } from "@skiff/base";
import type { Client } from "@skiff/client";
import { PolicedCluster } from "../testing/policed-cluster.ts";
import { signDetached } from "./detached-jws.ts";

const KUBECONFIG = "apiVersion: v1\nkind: Config\n";
const INFO = { namespace: "kube-public", name: "cluster-info" };

let cluster: PolicedCluster;
let server: TestApiServer;
let admin: Client;

beforeEach(async () => {
  const names = ["bootstrap-signer-controller", "token-cleaner-controller"];
  cluster = await PolicedCluster.start(names, undefined, ["kube-system", "kube-public"]);
  ({ server, admin } = cluster);
  await admin.resource(configMapKind).create({ metadata: INFO, data: { kubeconfig: KUBECONFIG, other: "stays" } });
  await server.clock.advance("2s");
});
afterEach(() => cluster.stop());

/** A token that lives for `ttlMs`; 0: for ever. */
async function give(id: string, ttlMs: number, usages: readonly TokenUsage[] = ["authentication", "signing"]): Promise<BootstrapToken> {
  const expiration = ttlMs === 0 ? {} : { expiration: formatTime(server.clock.now() + ttlMs) };
  const token: BootstrapToken = { id, secret: "0123456789abcdef", description: "", ...expiration, usages, groups: [] };
  await admin.resource(secretKind).create(bootstrapTokenSecret(token));
  await server.clock.advance("2s");
  return token;
}
const data = async () => (await admin.resource(configMapKind).get(INFO)).data;
const tokens = async () =>
  (await admin.resource(secretKind).list({ namespace: "kube-system" })).items.map(({ metadata }) => metadata?.name);

it("signs cluster-info with every valid token for that, and takes the signatures back", async () => {
  const first = await give("aaaaaa", 0);
  const second = await give("bbbbbb", 3_600_000);
  await give("cccccc", 0, ["authentication"]);
  const common = { kubeconfig: KUBECONFIG, other: "stays" };
  expect(await data()).toEqual({
    ...common,
    "jws-kubeconfig-aaaaaa": signDetached(KUBECONFIG, first),
    "jws-kubeconfig-bbbbbb": signDetached(KUBECONFIG, second),
  });
  await admin.resource(secretKind).delete({ namespace: "kube-system", name: "bootstrap-token-aaaaaa" });
  await server.clock.advance("2s");
  expect(await data()).toEqual({ ...common, "jws-kubeconfig-bbbbbb": signDetached(KUBECONFIG, second) });
  await server.clock.advance("1h");
  expect(await data()).toEqual(common);
});

it("signs anew what somebody has changed", async () => {
  const token = await give("aaaaaa", 0);
  await admin.resource(configMapKind).patch(INFO, { data: { kubeconfig: "changed", "jws-kubeconfig-zzzzzz": "forged" } });
  await server.clock.advance("2s");
  expect(await data()).toEqual({ kubeconfig: "changed", other: "stays", "jws-kubeconfig-aaaaaa": signDetached("changed", token) });
});

it("deletes tokens when they expire, and no other Secrets", async () => {
  await give("aaaaaa", 3_600_000);
  await give("bbbbbb", 0);
  const expiration = Buffer.from("2020-01-01T00:00:00Z").toString("base64");
  await admin.resource(secretKind).create({ metadata: { namespace: "kube-system", name: "mine" }, data: { expiration } });
  await server.clock.advance("59m");
  expect(await tokens()).toEqual(["bootstrap-token-aaaaaa", "bootstrap-token-bbbbbb", "mine"]);
  await server.clock.advance("2m");
  expect(await tokens()).toEqual(["bootstrap-token-bbbbbb", "mine"]);
});

it("leaves a token alone whose life was made longer in time", async () => {
  await give("aaaaaa", 60_000);
  const expiration = Buffer.from(formatTime(server.clock.now() + 7_200_000)).toString("base64");
  await admin.resource(secretKind).patch({ namespace: "kube-system", name: "bootstrap-token-aaaaaa" }, { data: { expiration } });
  await server.clock.advance("1h");
  expect(await tokens()).toEqual(["bootstrap-token-aaaaaa"]);
  await server.clock.advance("1h");
  expect(await tokens()).toEqual([]);
});
