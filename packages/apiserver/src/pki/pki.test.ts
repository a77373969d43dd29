import { connect, createServer, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import type { CertificateSigningRequest } from "@skiff/api";
import { testHost } from "@skiff/base/testing";
import { VirtualClock, systemClock } from "@skiff/base";
import { describe, expect, it } from "vitest";
import { CertificateAuthority } from "./certificate-authority.ts";
import { createCertificateRequest, parseCertificateRequest } from "./certificate-request.ts";
import { createClusterPki } from "./cluster-pki.ts";
import { DerError } from "./der.ts";
import { decodeIpAddress, encodeIpAddress } from "./ip-address.ts";
import { generateKeyPair, readCertificate } from "./node-crypto.ts";
import { derOfPem } from "./pem.ts";
import { PeerCertificateVerifier } from "./peer-certificate.ts";
import { SIGNERS, recogniseKubeletClient, signCertificateSigningRequest } from "./signers.ts";
import { needsRenewal, validityOf } from "./validity.ts";

const HOUR = 3_600_000;

/** Made with `openssl req -new -newkey rsa:2048 -nodes -subj /O=dev/CN=myuser`. */
const RSA_REQUEST = `-----BEGIN CERTIFICATE REQUEST-----
MIICZDCCAUwCAQAwHzEMMAoGA1UECgwDZGV2MQ8wDQYDVQQDDAZteXVzZXIwggEi
MA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQDDwyd4Yx1Co6roe0LelGts9QFK
URsbmL/+rnDcdA9ruxGhOhcfbJdQrvUqz7kuex4Ra9IVzj1dTftexMqL4kYY4WnR
7lViZDbpKr8+tTRpOPBtBMcs8CNwpIpZS2xWJBgMuz3b9/gHC/XLFpRvbXzJjSLt
FIrMQykBODHFocVe2GA7vATtMcN8Yj0tYCVzMn2era365kabLsK8/pSjTSKJy44s
k8h2T+NWq9B70hmKS2acO65dJPuDPEu0WfeuBIbwXzKvE6rEPeW7y3zmi5mS+CTt
sReNjNnubPs1tKIMMPuuTFar/+2d2Wu9Qmfq8P3rk+Q1QtYkzdneqAux5jqjAgMB
AAGgADANBgkqhkiG9w0BAQsFAAOCAQEAJ/M4CRzQtyhn/Fr3faMWu0MZEziocpg1
89FgIdHaQRWgK1QAG7VNEj/pOnb/MpEq5hWChqoEPB1CYi0aRxizmSTy27H4oYb4
qfc1dyN4vvlVVL1Dbzvvfw1Wx5UPWEeoeEcKPY0nDOEgag7Cj4aUMJpKuAty5EAa
6hv8NpZ/KtRBxZVoC2U2sczDBdXg+g8c8ojrgfAZAlmmJK9a0hcoc2NePt7HxAQ2
6iX1ahXVJWWWbSAADDxg4EoXH0nznaAFirwgQ7gCS6rZeDIwSF14TsOfQI+BlBv0
Nr0n9aQs5seaOcEKQpHRCBgSPs9lJznu7NQ7GYalPGrM3PBaSKuuaA==
-----END CERTIFICATE REQUEST-----
`;

describe("certificates", () => {
  it("are what the runtime's own X.509 reader expects", () => {
    const host = testHost();
    const pki = createClusterPki(host, { apiServerIps: ["10.96.0.1", "2001:db8::7"] });
    const authority = readCertificate(pki.authority.certificatePem);
    const server = readCertificate(pki.apiServer.certificatePem);
    expect(authority.ca).toBe(true);
    expect(server.ca).toBe(false);
    expect(server.checkIssued(authority)).toBe(true);
    expect(server.verify(authority.publicKey)).toBe(true);
    expect(server.checkHost("kubernetes.default.svc")).toBe("kubernetes.default.svc");
    expect(server.checkIP("10.96.0.1")).toBe("10.96.0.1");
    expect(server.checkIP("2001:db8::7")).toBe("2001:db8::7");
    expect(server.checkHost("example.com")).toBeUndefined();
    expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(validityOf(pki.apiServer.certificatePem).notAfterMs).toBe(host.clock.now() + 365 * 24 * HOUR);
  });

  it("let client and server speak TLS, and prove who the client is", async () => {
    const pki = createClusterPki({ clock: systemClock, random: testHost().random });
    const { certificatePem, privateKeyPem } = pki.apiServer;
    const client = pki.issueClientCertificate("jane", ["dev", "ops"]);
    const verifier = new PeerCertificateVerifier(systemClock, pki.authority.certificatePem, pki.frontProxyAuthority.certificatePem);
    const proven = await new Promise((resolve, reject) => {
      const server = createServer(
        { cert: certificatePem, key: privateKeyPem, requestCert: true, rejectUnauthorized: false },
        (socket: TLSSocket) => {
          resolve(verifier.credentialsOf(new Uint8Array(socket.getPeerCertificate().raw)));
          socket.end();
          server.close();
        },
      );
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo;
        const options = { ca: pki.authority.certificatePem, cert: client.certificatePem, key: client.privateKeyPem };
        connect({ port, host: "127.0.0.1", servername: "kubernetes", ...options }).on("error", reject);
      });
    });
    expect(proven).toMatchObject({ clientCertificate: { commonName: "jane", organizations: ["dev", "ops"] } });
  });

  it("are made lazily, kept by save and replaced when they are due", async () => {
    const host = testHost();
    const first = createClusterPki(host);
    expect(first.save()).toEqual({});
    const before = first.apiServer;
    const second = createClusterPki(host, { files: first.save() });
    expect(second.apiServer).toEqual(before);
    await host.clock.advance("6200h");
    expect(second.apiServer).not.toEqual(before);
    expect(needsRenewal(second.apiServer.certificatePem, host.clock.now())).toBe(false);
    expect(readCertificate(second.apiServer.certificatePem).verify(readCertificate(first.authority.certificatePem).publicKey)).toBe(true);
  });

  it("are replaced when the API server gets an address that they lack, and not when it loses one", () => {
    const host = testHost();
    const first = createClusterPki(host, { apiServerIps: ["192.0.2.1"] });
    const before = first.apiServer;
    const moved = createClusterPki(host, { files: first.save(), apiServerIps: ["192.0.2.1", "192.0.2.2"] });
    expect(readCertificate(moved.apiServer.certificatePem).checkIP("192.0.2.2")).toBe("192.0.2.2");
    expect(moved.apiServer).toBe(moved.apiServer);
    expect(createClusterPki(host, { files: first.save() }).apiServer).toEqual(before);
  });

  it("are renewed when the clock was wrong, too", () => {
    const { certificatePem } = CertificateAuthority.create(testHost(), "x");
    const { notBeforeMs, notAfterMs } = validityOf(certificatePem);
    expect(needsRenewal(certificatePem, notBeforeMs - 1)).toBe(true);
    expect(needsRenewal(certificatePem, notBeforeMs)).toBe(false);
    expect(needsRenewal(certificatePem, notAfterMs)).toBe(true);
  });
});

describe("PeerCertificateVerifier", () => {
  const host = testHost();
  const pki = createClusterPki(host);
  const verifier = new PeerCertificateVerifier(host.clock, pki.authority.certificatePem, pki.frontProxyAuthority.certificatePem);
  const der = (pem: string): Uint8Array => derOfPem(pem, "CERTIFICATE");

  it("tells the front proxy from ordinary clients", () => {
    const proxy = verifier.credentialsOf(der(pki.frontProxyClient.certificatePem));
    expect(proxy).toMatchObject({ requestHeaderCertificate: { commonName: "front-proxy-client" } });
    expect(proxy.clientCertificate).toBeUndefined();
  });

  it.each([
    [
      "of another authority",
      () => CertificateAuthority.create(host, "kubernetes").issueClientCertificate("eve", ["system:masters"]).certificatePem,
    ],
    ["of servers", () => pki.issueServerCertificate(["node"], []).certificatePem],
    ["of the authority itself", () => pki.authority.certificatePem],
  ])("trusts no certificate %s", (_name, pem) => {
    expect(verifier.credentialsOf(der(pem()))).toEqual({});
  });

  it("trusts no garbage", () => {
    expect(verifier.credentialsOf(Uint8Array.of(1, 2, 3))).toEqual({});
  });

  it("trusts no certificate before its time", () => {
    const early = new VirtualClock({ startMs: host.clock.now() - HOUR });
    const other = new PeerCertificateVerifier(early, pki.authority.certificatePem);
    expect(other.credentialsOf(der(pki.issueClientCertificate("jane").certificatePem))).toEqual({});
  });
});

describe("certificate requests", () => {
  it("are read back as they were made", () => {
    const names = { dnsNames: ["a.example"], ipAddresses: ["10.0.0.1", "fe80::1"], uris: ["spiffe://x"], emailAddresses: ["a@example"] };
    const pem = createCertificateRequest(generateKeyPair(), { commonName: "jane", organizations: ["dev"] }, names);
    expect(parseCertificateRequest(pem)).toMatchObject({ subject: { commonName: "jane", organizations: ["dev"] }, names });
  });

  it("are refused when the signature does not fit", () => {
    const mine = createCertificateRequest(generateKeyPair(), { commonName: "jane", organizations: [] });
    const bytes = Buffer.from(derOfPem(mine, "CERTIFICATE REQUEST"));
    bytes[bytes.indexOf("jane")] = "k".charCodeAt(0);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
    expect(() => parseCertificateRequest(forged)).toThrow(DerError);
  });

  it.each(["", "garbage", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"])(
    "are refused when they are %j",
    (text) => {
      expect(() => parseCertificateRequest(text)).toThrow(DerError);
    },
  );
});

it.each(["10.0.0.1", "::1", "2001:db8::1:0:0:1", "fe80::1", "::"])("reads and writes the address %s", (text) => {
  expect(decodeIpAddress(encodeIpAddress(text))).toBe(text);
});

describe("signers", () => {
  const host = testHost();
  const authority = CertificateAuthority.create(host, "kubernetes");
  const csr = (signerName: string, pem: string, usages: string[], extra: object = {}): CertificateSigningRequest => ({
    metadata: { name: "x" },
    spec: { signerName, usages, request: Buffer.from(pem).toString("base64"), username: "system:node:a", ...extra },
    status: { conditions: [{ type: "Approved", status: "True" }] },
  });
  const node = createCertificateRequest(generateKeyPair(), { commonName: "system:node:a", organizations: ["system:nodes"] });
  const serving = createCertificateRequest(
    generateKeyPair(),
    { commonName: "system:node:a", organizations: ["system:nodes"] },
    { dnsNames: ["a"] },
  );
  const clientUsages = ["digital signature", "key encipherment", "client auth"];

  it("sign what was asked for, no longer than asked", () => {
    const result = signCertificateSigningRequest(authority, csr(SIGNERS.kubeletClient, node, clientUsages, { expirationSeconds: 3600 }));
    const certificate = readCertificate((result as { certificatePem: string }).certificatePem);
    expect(certificate.subject).toContain("CN=system:node:a");
    expect(Date.parse(certificate.validTo)).toBe(host.clock.now() + HOUR);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  });

  it("sign requests with RSA keys, as tutorials make them", () => {
    const result = signCertificateSigningRequest(authority, csr(SIGNERS.client, RSA_REQUEST, ["client auth"]));
    expect(readCertificate((result as { certificatePem: string }).certificatePem).publicKey.asymmetricKeyType).toBe("rsa");
  });

  it.each<[string, string, string, string[], string]>([
    ["server usage for clients", SIGNERS.client, node, ["server auth"], "unsupported usage: server auth"],
    ["no client usage for clients", SIGNERS.client, node, ["digital signature"], "missing required usage: client auth"],
    ["names in a kubelet's client certificate", SIGNERS.kubeletClient, serving, clientUsages, "DNS SANs are not allowed"],
    [
      "no names in a serving certificate",
      SIGNERS.kubeletServing,
      node,
      ["digital signature", "server auth"],
      "DNS or IP SANs are required",
    ],
    ["client usage in a serving certificate", SIGNERS.kubeletServing, serving, clientUsages, "usages did not match"],
  ])("refuse %s", (_name, signer, pem, usages, message) => {
    const result = signCertificateSigningRequest(authority, csr(signer, pem, usages));
    expect(result).toMatchObject({ failure: { reason: "SignerValidationFailure", message: expect.stringContaining(message) as string } });
  });

  it("leave alone what is not theirs", () => {
    const request = csr(SIGNERS.client, node, clientUsages);
    expect(signCertificateSigningRequest(authority, { ...request, status: {} })).toBeUndefined();
    expect(signCertificateSigningRequest(authority, csr("example.com/x", node, clientUsages))).toBeUndefined();
    expect(signCertificateSigningRequest(authority, { ...request, status: { ...request.status, certificate: "eA==" } })).toBeUndefined();
  });

  it("recognise kubelets", () => {
    const permissions = (request: CertificateSigningRequest): string[] =>
      recogniseKubeletClient(request).map(({ permission }) => permission);
    expect(permissions(csr(SIGNERS.kubeletClient, node, clientUsages))).toEqual(["selfnodeclient", "nodeclient"]);
    expect(permissions(csr(SIGNERS.kubeletClient, node, clientUsages, { username: "system:bootstrap:abcdef" }))).toEqual(["nodeclient"]);
    expect(permissions(csr(SIGNERS.kubeletClient, serving, clientUsages))).toEqual([]);
  });
});
