import type { CertificateSigningRequest } from "@skiff/api";
import { expect, it } from "vitest";
import type { Authorizer } from "../attributes.ts";
import { createCertificateRequest } from "../pki/certificate-request.ts";
import { generateKeyPair } from "../pki/node-crypto.ts";
import { CertificateApproval, CertificateSigning, CertificateSubjectRestriction } from "./certificates.ts";
import { admit, testRequest } from "./test-request.ts";

const csr = (organizations: string[], status: object = {}): CertificateSigningRequest => ({
  metadata: { name: "x" },
  spec: {
    signerName: "kubernetes.io/kube-apiserver-client",
    request: Buffer.from(createCertificateRequest(generateKeyPair(), { commonName: "jane", organizations })).toString("base64"),
  },
  status,
});
const permits = (verb: string, name: string): Authorizer => ({
  authorize: (attributes) => ({
    decision: attributes.verb === verb && attributes.name === name && attributes.resource === "signers" ? "allow" : "noOpinion",
  }),
});

it("approval needs the verb approve on the signer or its domain", async () => {
  const request = testRequest({
    kind: "CertificateSigningRequest",
    operation: "UPDATE",
    subresource: "approval",
    object: csr([]),
    oldObject: csr([]),
  });
  await admit(new CertificateApproval(permits("approve", "kubernetes.io/kube-apiserver-client")), request);
  await admit(new CertificateApproval(permits("approve", "kubernetes.io/*")), request);
  await expect(admit(new CertificateApproval(permits("sign", "kubernetes.io/*")), request)).rejects.toThrow(
    'certificatesigningrequests.certificates.k8s.io "x" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"',
  );
});

it("signing needs the verb sign, other changes of the status do not", async () => {
  const signed = csr([], { certificate: "eA==" });
  const update = (object: CertificateSigningRequest, oldObject: CertificateSigningRequest, authorizer: Authorizer): Promise<unknown> =>
    admit(
      new CertificateSigning(authorizer),
      testRequest({ kind: "CertificateSigningRequest", operation: "UPDATE", subresource: "status", object, oldObject }),
    );
  await update(signed, csr([]), permits("sign", "kubernetes.io/kube-apiserver-client"));
  await expect(update(signed, csr([]), permits("approve", "kubernetes.io/*"))).rejects.toThrow("user not permitted to sign requests");
  await update(signed, signed, permits("", ""));
});

it("nobody asks for the superusers' group", async () => {
  const plugin = new CertificateSubjectRestriction();
  await admit(plugin, testRequest({ kind: "CertificateSigningRequest", object: csr(["dev"]) }));
  await expect(admit(plugin, testRequest({ kind: "CertificateSigningRequest", object: csr(["dev", "system:masters"]) }))).rejects.toThrow(
    "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
  );
});
