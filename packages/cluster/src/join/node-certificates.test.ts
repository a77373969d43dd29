import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NODE_TOKEN_GROUP } from "@skiff/api";
import type { Clock, Host } from "@skiff/base";
import { systemClock } from "@skiff/base";
import { parseKubeconfig } from "@skiff/client";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ensureJoining } from "../control-plane/ensure-joining.ts";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { clusterPaths, nodePaths } from "../layout/cluster-paths.ts";
import { networkPlan } from "../layout/network-plan.ts";
import { clientFromKubeconfig } from "../manage/api-connection.ts";
import { startCluster, type TestCluster } from "../test-cluster.ts";
import {
  renewNodeCertificates,
  requestKubeletCertificate,
  requestNodeCertificates,
  writeNodeCertificates,
  type AskingNode,
} from "./node-certificates.ts";

const DAY_MS = 24 * 3_600_000;
const ADDRESS = "192.0.2.7";

let folder: string;
let cluster: TestCluster<Clock>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "skiff-join-"));
  // Over real connections, hence in real time.
  cluster = await startCluster({ nodes: 0, time: "system" });
  await ensureJoining(cluster.client, { network: networkPlan(0, 1), nodes: "machine" });
});
afterEach(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

/** The machine `days` later. */
function later(days: number): Host {
  return { ...cluster.host, clock: { ...systemClock, now: () => systemClock.now() + days * DAY_MS } };
}

it("gets the certificates of a node, and others when they are due", async () => {
  const paths = clusterPaths(folder, join(folder, "run"));
  const own = nodePaths(paths, "b");
  const [entry] = parseKubeconfig(await cluster.kubeconfig(), "kubeconfig").clusters ?? [];
  const { server = "", "certificate-authority-data": authority = "" } = entry?.cluster ?? {};
  const authorityPem = Buffer.from(authority, "base64").toString();
  mkdirSync(paths.pki);
  writeFileSync(join(paths.pki, "ca.crt"), authorityPem);
  const node: AskingNode = { host: cluster.host, nodeName: "b", server, authorityPem, address: ADDRESS, paths: own };
  const holder = cluster.clientAs({ name: "system:bootstrap:abcdef", groups: [NODE_TOKEN_GROUP, "system:authenticated"] });
  writeNodeCertificates(node, await requestNodeCertificates(node, await requestKubeletCertificate(node, holder)));

  const files = [own.kubeconfig, own.servicesKubeconfig, own.ingressKubeconfig, own.servingCertificate, own.servingKey];
  const read = (): string[] => files.map((file) => readFileSync(file, "utf8"));
  const first = read();
  const whoIs = async (file: string): Promise<unknown> => {
    const client = await clientFromKubeconfig(file, cluster.host);
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const { status } = (await client.raw({ method: "POST", path, body })) as { status: { userInfo: { username: string } } };
    return status.userInfo.username;
  };
  expect(await Promise.all(files.slice(0, 3).map(whoIs))).toEqual(["system:node:b", "system:kube-proxy", "skiff:ingress"]);

  const config: ClusterConfig = {
    layoutVersion: 1,
    name: "b",
    createdAt: "2026-01-01T00:00:00Z",
    nodes: ["b"],
    runtime: "containerd",
    store: { type: "memory" },
    network: networkPlan(0, 1),
    apiPort: 6443,
    address: ADDRESS,
    joined: server,
  };
  expect(await renewNodeCertificates(later(200), config, paths, ADDRESS)).toBe(false);
  expect(read()).toEqual(first);
  expect(await renewNodeCertificates(later(300), config, paths, ADDRESS)).toBe(true);
  expect(read().filter((text, index) => text === first[index])).toEqual([]);
  expect(await Promise.all(files.slice(0, 3).map(whoIs))).toEqual(["system:node:b", "system:kube-proxy", "skiff:ingress"]);
});
