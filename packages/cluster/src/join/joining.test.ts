import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { certificateSigningRequestKind, configMapKind, nodeKind, NODE_TOKEN_GROUP, secretKind } from "@skiff/api";
import { SIGNERS, type UserInfo } from "@skiff/apiserver";
import { kubeletSubject, NODE_SERVICE_IDENTITIES } from "../manage/identities.ts";
import { startCluster, type TestCluster } from "../test-cluster.ts";
import { ensureJoining } from "../control-plane/ensure-joining.ts";
import { networkPlan } from "../layout/network-plan.ts";
import { createToken, deleteToken, listTokens } from "./bootstrap-tokens.ts";
import { ensureJoinable, readNodeConfig, type NodeConfig } from "./node-config.ts";
import { requestCertificate, type CertificateWish } from "./request-certificate.ts";

const TOKEN_HOLDER: UserInfo = {
  name: "system:bootstrap:abcdef",
  groups: ["system:bootstrappers", NODE_TOKEN_GROUP, "system:authenticated"],
};
const nodeUser = (node: string): UserInfo => ({ name: `system:node:${node}`, groups: ["system:nodes", "system:authenticated"] });

const NODE_CONFIG: NodeConfig = { network: networkPlan(0, 1), nodes: "machine" };

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster({ nodes: 1 });
  await ensureJoining(cluster.client, NODE_CONFIG);
});
afterEach(() => cluster.stop());

/** The subject of the certificate that `user` gets, or why there is none. */
async function asked(user: UserInfo, wish: CertificateWish): Promise<string> {
  const answer = requestCertificate(cluster.clientAs(user), cluster.clock, wish, 5000).then(
    ({ certificatePem }) => {
      const { subject, subjectAltName } = new X509Certificate(certificatePem);
      return [subject.split("\n").sort().join(" "), subjectAltName].filter(Boolean).join("; ");
    },
    (error: Error) => error.message,
  );
  await cluster.clock.advance("10s");
  return answer;
}

const kubelet = (node: string): CertificateWish => ({ subject: kubeletSubject(node), signer: SIGNERS.kubeletClient, usage: "client auth" });
const serving = (node: string, dnsNames: string[], ipAddresses: string[]): CertificateWish => ({
  subject: kubeletSubject(node),
  signer: SIGNERS.kubeletServing,
  usage: "server auth",
  names: { dnsNames, ipAddresses },
});
const service = (subject: CertificateWish["subject"]): CertificateWish => ({ subject, signer: SIGNERS.client, usage: "client auth" });

describe("the certificates of a machine that joins", () => {
  it("are signed without a person: one by the token, the others by the node that it made", async () => {
    expect(await asked(TOKEN_HOLDER, kubelet("b"))).toBe("CN=system:node:b O=system:nodes");
    expect(await asked(nodeUser("b"), kubelet("b"))).toBe("CN=system:node:b O=system:nodes");
    expect(await asked(nodeUser("b"), serving("b", ["b"], ["192.0.2.2"]))).toBe(
      "CN=system:node:b O=system:nodes; DNS:b, IP Address:192.0.2.2",
    );
    expect(await asked(nodeUser("b"), service(NODE_SERVICE_IDENTITIES.services))).toBe("CN=system:kube-proxy O=system:node-services");
    expect(await asked(nodeUser("b"), service(NODE_SERVICE_IDENTITIES.ingress))).toBe("CN=skiff:ingress");
  });

  const unanswered = /was not answered in time/;
  it.each<[string, UserInfo, CertificateWish, RegExp]>([
    ["a token for a node's services", TOKEN_HOLDER, service(NODE_SERVICE_IDENTITIES.ingress), unanswered],
    ["a token for a serving certificate", TOKEN_HOLDER, serving("b", ["b"], []), unanswered],
    ["a token that is not for nodes", { ...TOKEN_HOLDER, groups: ["system:bootstrappers"] }, kubelet("b"), /forbidden/],
    ["a node for another node", nodeUser("b"), serving("c", ["c"], []), /can only create a node CSR with CN=system:node:b/],
    ["a node under another name", nodeUser("b"), serving("b", ["b", "c"], []), unanswered],
    ["a node as the API server", nodeUser("kubernetes"), serving("kubernetes", ["kubernetes"], []), unanswered],
    ["a node at the API server's address", nodeUser("b"), serving("b", ["b"], ["127.0.0.1"]), unanswered],
    ["a node as somebody else", nodeUser("b"), service({ commonName: "kubernetes-admin", organizations: [] }), unanswered],
    [
      "a node as a service with more rights",
      nodeUser("b"),
      service({ ...NODE_SERVICE_IDENTITIES.services, organizations: ["system:node-services", "system:controllers"] }),
      unanswered,
    ],
    [
      "somebody else as a service",
      { name: "jane", groups: ["system:authenticated"] },
      service(NODE_SERVICE_IDENTITIES.services),
      /forbidden/,
    ],
  ])("are not signed when %s asks", async (_who, user, wish, expected) => {
    expect(await asked(user, wish)).toMatch(expected);
    const { items } = await cluster.client.resource(certificateSigningRequestKind).list();
    expect(items.filter(({ status }) => status?.certificate)).toEqual([]);
  });

  it("are not signed for the address of another node", async () => {
    const other = (await cluster.client.resource(nodeKind).get({ name: "node-1" })).status?.addresses?.[0]?.address ?? "";
    expect(await asked(nodeUser("b"), serving("b", ["b"], [other]))).toMatch(unanswered);
    expect(await asked(nodeUser("node-1"), serving("node-1", ["node-1"], [other]))).toContain(`IP Address:${other}`);
  });
});

describe("a token", () => {
  it("is made, listed and deleted", async () => {
    const made = await createToken(cluster.client, cluster.host, { token: undefined, ttlMs: 60_000, description: "for the rack" });
    expect(`${made.id}.${made.secret}`).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    expect(await listTokens(cluster.client)).toEqual([made]);
    await expect(createToken(cluster.client, cluster.host, { token: made, ttlMs: 0, description: "" })).rejects.toThrow(
      `A token with the id ${made.id} exists already.`,
    );
    await deleteToken(cluster.client, made.id);
    expect(await listTokens(cluster.client)).toEqual([]);
    await expect(deleteToken(cluster.client, made.id)).rejects.toThrow(`There is no token with the id ${made.id}.`);
  });

  it("lets its holder look at nodes and at what joining machines are told, and no further", async () => {
    const holder = cluster.clientAs(TOKEN_HOLDER);
    await expect(holder.resource(nodeKind).get({ name: "b" })).rejects.toThrow('nodes "b" not found');
    expect(await readNodeConfig(holder)).toEqual(NODE_CONFIG);
    await expect(holder.resource(nodeKind).list()).rejects.toThrow("forbidden");
    await expect(holder.resource(secretKind).list({ namespace: "kube-system" })).rejects.toThrow("forbidden");
  });
});

it("lets the anonymous user read cluster-info and nothing beside it", async () => {
  const anonymous = cluster.clientAs({ name: "system:anonymous", groups: ["system:unauthenticated"] }).resource(configMapKind);
  await expect(anonymous.get({ namespace: "kube-public", name: "cluster-info" })).rejects.toThrow("not found");
  await expect(anonymous.list({ namespace: "kube-public" })).rejects.toThrow("forbidden");
  await expect(anonymous.delete({ namespace: "kube-public", name: "cluster-info" })).rejects.toThrow("forbidden");
});

describe("what joining machines are told", () => {
  it("is refused when it is damaged", async () => {
    const ref = { namespace: "kube-system", name: "skiff-node-config" };
    for (const text of ["{ half", "null", '{"network":{}}']) {
      await cluster.client.resource(configMapKind).patch(ref, { data: { "config.json": text } });
      await expect(readNodeConfig(cluster.client), text).rejects.toThrow("is damaged");
    }
    await ensureJoining(cluster.client, NODE_CONFIG);
    expect(await readNodeConfig(cluster.client)).toEqual(NODE_CONFIG);
  });

  it("keeps machines out of clusters whose nodes they could not reach", () => {
    expect(() => ensureJoinable({ nodes: "machine" })).not.toThrow();
    expect(() => ensureJoinable({ nodes: "namespaces" })).toThrow("several nodes on one machine");
    expect(() => ensureJoinable({ nodes: "simulated" })).toThrow("are simulated");
  });
});
