import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { certificateSigningRequestKind, clusterRoleBindingKind, type CertificateSigningRequest } from "@skiff/api";
import {
  CertificateAuthority,
  createCertificateRequest,
  generateKeyPair,
  recogniseKubeletClient,
  signCertificateSigningRequest,
  SIGNERS,
  type UserInfo,
} from "@skiff/apiserver";
import type { TestApiServer } from "@skiff/apiserver/testing";
import type { Client } from "@skiff/client";
import { PolicedCluster } from "../testing/policed-cluster.ts";

const BOOTSTRAPPER: UserInfo = { name: "system:bootstrap:abc", groups: ["system:bootstrappers", "system:authenticated"] };
const NODE: UserInfo = { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };
const CLIENT_USAGES = ["digital signature", "key encipherment", "client auth"];

let cluster: PolicedCluster;
let server: TestApiServer;
let admin: Client;

beforeEach(async () => {
  cluster = await PolicedCluster.start(
    ["signing", "approving", "cleaner"].map((part) => `certificatesigningrequest-${part}-controller`),
    (host) => {
      const authority = CertificateAuthority.create(host, "kubernetes");
      return {
        certificates: { sign: (request) => signCertificateSigningRequest(authority, request), approvalRules: recogniseKubeletClient },
      };
    },
  );
  ({ server, admin } = cluster);
  await bind("system:bootstrappers", "system:node-bootstrapper");
  await bind("people", "system:node-bootstrapper");
  await bind("system:bootstrappers", "system:certificates.k8s.io:certificatesigningrequests:nodeclient");
  await bind("system:nodes", "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient");
  await server.clock.advance("2s");
});
afterEach(() => cluster.stop());

const bind = (group: string, role: string) =>
  admin.resource(clusterRoleBindingKind).create({
    metadata: { name: `${group}:${role}` },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
  });
const ask = (user: UserInfo | undefined, commonName: string, spec: Partial<CertificateSigningRequest["spec"]> = {}) => {
  const pem = createCertificateRequest(generateKeyPair(), { commonName, organizations: ["system:nodes"] });
  const request = Buffer.from(pem).toString("base64");
  return server
    .client(user)
    .resource(certificateSigningRequestKind)
    .create({ metadata: { name: "csr" }, spec: { request, signerName: SIGNERS.kubeletClient, usages: CLIENT_USAGES, ...spec } });
};
const csr = () => admin.resource(certificateSigningRequestKind).get({ name: "csr" });
const approve = async (type: "Approved" | "Denied") =>
  admin
    .resource(certificateSigningRequestKind)
    .update({ ...(await csr()), status: { conditions: [{ type, status: "True", reason: "Test" }] } }, { subresource: "approval" });
const remaining = async () => (await admin.resource(certificateSigningRequestKind).list()).items.length;

it.each<[string, UserInfo, string]>([
  ["a bootstrapping machine", BOOTSTRAPPER, "Auto approving kubelet client certificate after SubjectAccessReview."],
  ["a node that renews its own", NODE, "Auto approving self kubelet client certificate after SubjectAccessReview."],
])("gives %s the client certificate of a node, and forgets the request after an hour", async (_who, user, message) => {
  await ask(user, "system:node:n1");
  await server.clock.advance("5s");
  const { status } = await csr();
  expect(status?.conditions).toEqual([expect.objectContaining({ type: "Approved", status: "True", reason: "AutoApproved", message })]);
  const certificate = new X509Certificate(Buffer.from(status?.certificate ?? "", "base64"));
  expect(certificate.subject).toBe("O=system:nodes\nCN=system:node:n1");
  await server.clock.advance("59m");
  expect(await remaining()).toBe(1);
  await server.clock.advance("2m");
  expect(await remaining()).toBe(0);
});

it("approves nothing for somebody who may ask but lacks the permission, and forgets that after a day", async () => {
  await ask({ name: "jane", groups: ["people", "system:authenticated"] }, "system:node:n2");
  await server.clock.advance("23h");
  expect((await csr()).status).toEqual({});
  await server.clock.advance("2h");
  expect(await remaining()).toBe(0);
});

it("says why an approved request breaks the rules of its signer", async () => {
  await ask(undefined, "system:node:n1", { signerName: SIGNERS.kubeletServing, usages: ["digital signature", "server auth"] });
  await server.clock.advance("5s");
  expect((await csr()).status).toEqual({});
  await approve("Approved");
  await server.clock.advance("5s");
  const { status } = await csr();
  expect(status?.certificate).toBeUndefined();
  expect(status?.conditions?.[1]).toMatchObject({
    type: "Failed",
    status: "True",
    reason: "SignerValidationFailure",
    message: "DNS or IP SANs are required",
  });
});

it("leaves requests for other signers, and denied ones, without a certificate", async () => {
  await ask(undefined, "system:node:n1", { signerName: "example.com/mine" });
  await approve("Approved");
  await server.clock.advance("5s");
  expect((await csr()).status?.certificate).toBeUndefined();
  await admin.resource(certificateSigningRequestKind).delete({ name: "csr" });
  await ask(undefined, "system:node:n1", { signerName: SIGNERS.client });
  await approve("Denied");
  await server.clock.advance("5s");
  expect((await csr()).status?.certificate).toBeUndefined();
});
