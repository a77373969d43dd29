import { expect, it } from "vitest";
import { MemoryObjectReader } from "../memory-object-reader.ts";
import { createCertificateRequest } from "../pki/certificate-request.ts";
import { generateKeyPair } from "../pki/node-crypto.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { NodeRestriction } from "./node-restriction.ts";
import { admit, testRequest, type TestRequest } from "./test-request.ts";

const reader = new MemoryObjectReader()
  .put(RESOURCES.nodes, { metadata: { name: "a", uid: "node-a" } })
  .put(RESOURCES.pods, {
    metadata: { namespace: "default", name: "mine", uid: "pod-1" },
    spec: {
      nodeName: "a",
      containers: [],
      volumes: [{ name: "t", projected: { sources: [{ serviceAccountToken: { path: "t", audience: "vault" } }] } }],
    },
  })
  .put(RESOURCES.pods, { metadata: { namespace: "default", name: "theirs", uid: "pod-2" }, spec: { nodeName: "b", containers: [] } });
const plugin = new NodeRestriction(reader);
const user = { name: "system:node:a", groups: ["system:nodes", "system:authenticated"] };

const owner = { apiVersion: "v1", kind: "Node", name: "a", uid: "node-a", controller: true };
const mirror = (spec: object = {}, metadata: object = {}): object => ({
  metadata: { name: "static", annotations: { "kubernetes.io/config.mirror": "x" }, ownerReferences: [owner], ...metadata },
  spec: { nodeName: "a", containers: [], ...spec },
});
const node = (labels: object = {}, spec: object = {}, name = "a"): object => ({ metadata: { name, labels }, spec });
const token = (boundObjectRef?: object, audiences: string[] = []): object => ({ spec: { boundObjectRef, audiences } });
const pod = (nodeName: string, labels: object = {}): object => ({ metadata: { name: "p", labels }, spec: { nodeName, containers: [] } });
const request = (commonName: string): object => ({
  metadata: { name: "csr" },
  spec: {
    signerName: "kubernetes.io/kube-apiserver-client-kubelet",
    request: Buffer.from(createCertificateRequest(generateKeyPair(), { commonName, organizations: ["system:nodes"] })).toString("base64"),
  },
});

it.each<[string, TestRequest, string?]>([
  ["create mirror pods", { kind: "Pod", object: mirror() }],
  ["create other pods", { kind: "Pod", object: mirror({}, { annotations: {} }) }, 'node "a" can only create mirror pods'],
  ["create pods elsewhere", { kind: "Pod", object: mirror({ nodeName: "b" }) }, "can only create pods with spec.nodeName set to itself"],
  [
    "create pods without owner",
    { kind: "Pod", object: mirror({}, { ownerReferences: [] }) },
    "can only create pods with an owner reference set to itself",
  ],
  [
    "create pods of an old node",
    { kind: "Pod", object: mirror({}, { ownerReferences: [{ ...owner, uid: "x" }] }) },
    "node a UID mismatch: expected node-a got x",
  ],
  [
    "create pods with secrets",
    { kind: "Pod", object: mirror({ volumes: [{ name: "v", secret: { secretName: "s" } }] }) },
    "can not create pods that reference secrets",
  ],
  [
    "create pods with an account",
    { kind: "Pod", object: mirror({ serviceAccountName: "x" }) },
    "can not create pods that reference a service account",
  ],
  ["delete its pods", { kind: "Pod", operation: "DELETE", name: "p", oldObject: pod("a") }],
  [
    "delete other pods",
    { kind: "Pod", operation: "DELETE", name: "p", oldObject: pod("b") },
    'node "a" can only delete pods with spec.nodeName set to itself',
  ],
  ["update pods", { kind: "Pod", operation: "UPDATE", object: pod("a"), oldObject: pod("a") }, "can only create and delete mirror pods"],
  ["report its pods", { kind: "Pod", operation: "UPDATE", subresource: "status", object: pod("a"), oldObject: pod("a") }],
  [
    "report other pods",
    { kind: "Pod", operation: "UPDATE", subresource: "status", object: pod("b"), oldObject: pod("b") },
    "can only update pod status for pods",
  ],
  [
    "label pods",
    { kind: "Pod", operation: "UPDATE", subresource: "status", object: pod("a", { x: "y" }), oldObject: pod("a") },
    "cannot update labels through pod status",
  ],
  ["evict its pods", { kind: "Pod", subresource: "eviction", name: "mine", object: {} }],
  [
    "evict other pods",
    { kind: "Pod", subresource: "eviction", name: "theirs", object: {} },
    "can only evict pods with spec.nodeName set to itself",
  ],
  ["run in pods", { kind: "Pod", subresource: "binding", name: "mine", object: {} }, 'unexpected pod subresource "binding"'],
  ["create its node", { kind: "Node", object: node({ "kubernetes.io/hostname": "a", "example.com/x": "y", "node.kubernetes.io/x": "y" }) }],
  ["create another node", { kind: "Node", object: node({}, {}, "b") }, 'node "a" is not allowed to modify node "b"'],
  [
    "label its node",
    { kind: "Node", object: node({ "node-restriction.kubernetes.io/x": "y" }) },
    "is not allowed to set the following labels: node-restriction.kubernetes.io/x",
  ],
  [
    "relabel its node",
    { kind: "Node", operation: "UPDATE", object: node({ "k8s.io/x": "y" }), oldObject: node() },
    "is not allowed to modify labels: k8s.io/x",
  ],
  [
    "untaint its node",
    {
      kind: "Node",
      operation: "UPDATE",
      object: node({}, { taints: [] }),
      oldObject: node({}, { taints: [{ key: "x", effect: "NoSchedule" }] }),
    },
    "is not allowed to modify taints",
  ],
  [
    "renew its lease",
    {
      kind: "Lease",
      operation: "UPDATE",
      namespace: "kube-node-lease",
      object: { metadata: { name: "a" } },
      oldObject: { metadata: { name: "a" } },
    },
  ],
  [
    "create another lease",
    { kind: "Lease", namespace: "kube-node-lease", object: { metadata: { name: "b" } } },
    "can only access node lease with the same name as the requesting node",
  ],
  [
    "create leases elsewhere",
    { kind: "Lease", namespace: "kube-system", object: { metadata: { name: "a" } } },
    'can only access leases in the "kube-node-lease" system namespace',
  ],
  [
    "get tokens of its pods",
    { kind: "ServiceAccount", subresource: "token", name: "x", object: token({ kind: "Pod", name: "mine", uid: "pod-1" }, ["vault"]) },
  ],
  [
    "get unbound tokens",
    { kind: "ServiceAccount", subresource: "token", name: "x", object: token() },
    "node requested token not bound to a pod",
  ],
  [
    "get tokens without uid",
    { kind: "ServiceAccount", subresource: "token", name: "x", object: token({ kind: "Pod", name: "mine" }) },
    "with a pod binding without a uid",
  ],
  [
    "get tokens of other pods",
    { kind: "ServiceAccount", subresource: "token", name: "x", object: token({ kind: "Pod", name: "theirs", uid: "pod-2" }) },
    "bound to a pod scheduled on a different node",
  ],
  [
    "get tokens for others",
    { kind: "ServiceAccount", subresource: "token", name: "x", object: token({ kind: "Pod", name: "mine", uid: "pod-1" }, ["bank"]) },
    'audience "bank" not found in pod spec volume',
  ],
  ["ask for its certificate", { kind: "CertificateSigningRequest", object: request("system:node:a") }],
  [
    "ask for another certificate",
    { kind: "CertificateSigningRequest", object: request("system:node:b") },
    "can only create a node CSR with CN=system:node:a",
  ],
])("may a node %s?", async (_name, given, refusal) => {
  const admitted = admit(plugin, testRequest({ user, ...given }));
  if (refusal === undefined) await admitted;
  else await expect(admitted).rejects.toThrow(refusal);
  await admit(plugin, testRequest(given));
});
